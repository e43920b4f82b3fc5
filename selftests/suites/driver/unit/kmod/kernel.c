// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"

#include <ctype.h>

unsigned int kernel_allocs = UINT_MAX;
int kernel_objects;
int kernel_locks;
unsigned int kernel_locks_taken;
unsigned int kernel_cpu;
u64 kernel_ns;
u64 kernel_slept_ns;
unsigned int kernel_sleeps;
void (*kernel_on_sleep)(u64 us);
unsigned long kernel_most_us;
unsigned int kernel_state;
void (*kernel_on_memchr_inv)(const void *at);
size_t kernel_user_left = SIZE_MAX;
const void *kernel_user_bad;
unsigned int kernel_faults_off;
size_t kernel_faulted_in;
size_t kernel_not_faulted_in;
struct pid kernel_pid;
bool kernel_is_capable;
struct notifier_block *kernel_pm_block;
bool kernel_resumed_by_firmware;
struct task_struct kernel_task = { .group_leader = &kernel_task };

void kernel_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# the kernel's stand-in: ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	abort();
}

struct workqueue_struct *fv_workqueue = (void *)1;

void kernel_begins(void)
{
	kernel_ns = 5 * NSEC_PER_SEC;
	strscpy(kernel_task.comm, "unit");
	kernel_task.tgid = 4711;
}

void kernel_ends(void)
{
	if (kernel_locks)
		kernel_fail("%d locks are held at the end", kernel_locks);
	if (kernel_faults_off)
		kernel_fail("page faults are disabled at the end");
	if (kernel_objects)
		kernel_fail("%d objects are not freed", kernel_objects);
}

ssize_t strscpy_3(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (len < size) {
		memcpy(to, from, len + 1);
		return len;
	}
	memcpy(to, from, size - 1);
	to[size - 1] = '\0';
	return -E2BIG;
}

int vscnprintf(char *text, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(text, size, fmt, args);

	return len < (int)size ? len : (int)size - 1;
}

int scnprintf(char *text, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(text, size, fmt, args);
	va_end(args);
	return len;
}

/* One trailing newline is allowed. */
int kstrtou64(const char *text, unsigned int base, u64 *value)
{
	char *end;

	if (!isxdigit(*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, base);
	if (*end == '\n')
		end++;
	return end == text || *end ? -EINVAL : -errno;
}

int kstrtou32(const char *text, unsigned int base, u32 *value)
{
	u64 all;
	int ret = kstrtou64(text, base, &all);

	if (!ret && all > UINT_MAX)
		ret = -ERANGE;
	if (!ret)
		*value = all;
	return ret;
}

char *skip_spaces(const char *text)
{
	while (isspace(*text))
		text++;
	return (char *)text;
}

char *strim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace(text[len - 1]))
		text[--len] = '\0';
	return skip_spaces(text);
}

bool kernel_has_memory(void)
{
	return kernel_allocs--;
}

void *kzalloc(size_t size, int flags)
{
	if (!kernel_has_memory())
		return NULL;
	kernel_objects++;
	return calloc(1, size);
}

void kfree(const void *ptr)
{
	if (ptr)
		kernel_objects--;
	free((void *)ptr);
}

struct page *kernel_alloc_page(void)
{
	struct page *page;

	if (!kernel_has_memory())
		return NULL;
	kernel_objects++;
	page = aligned_alloc(PAGE_SIZE, sizeof(*page));
	memset(page, 0x5a, sizeof(*page));
	return page;
}

/* Blocks from alloc_pages(), with the number of pages not freed yet. */
static struct block {
	struct page *page;
	unsigned int nr, left;
	bool is_split;
} blocks[8];

struct page *alloc_pages(unsigned int flags, unsigned int order)
{
	unsigned int i;

	for (i = 0; blocks[i].left; i++)
		kernel_assert(i + 1 < ARRAY_SIZE(blocks));
	if (!kernel_has_memory())
		return NULL;
	kernel_objects++;
	blocks[i].nr = 1u << order;
	blocks[i].left = blocks[i].nr;
	blocks[i].is_split = false;
	blocks[i].page = aligned_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
	memset(blocks[i].page, 0x5a, PAGE_SIZE << order);
	return blocks[i].page;
}

void split_page(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i].left && blocks[i].page == page && blocks[i].nr == 1u << order)
			blocks[i].is_split = true;
}

void kernel_free_page(struct page *page)
{
	struct block *block;

	for (block = blocks; block < blocks + ARRAY_SIZE(blocks); block++) {
		if (!block->left || page < block->page || page >= block->page + block->nr)
			continue;
		kernel_assert(block->is_split);
		if (!--block->left)
			kfree(block->page);
		return;
	}
	kfree(page);
}

void *memchr_inv(const void *at, int c, size_t size)
{
	const u8 *byte = at, *end = byte + size;

	if (kernel_on_memchr_inv)
		kernel_on_memchr_inv(at);
	for (; byte < end; byte++)
		if (*byte != c)
			return (void *)byte;
	return NULL;
}

size_t copy_to_user(void *to, const void *from, size_t size)
{
	size_t done = min(size, kernel_user_left);

	memcpy(to, from, done);
	kernel_user_left -= done;
	return size - done;
}

size_t copy_from_user(void *to, const void *from, size_t size)
{
	if (from == kernel_user_bad)
		return size;
	memcpy(to, from, size);
	return 0;
}

size_t fault_in_readable(const char *from, size_t size)
{
	kernel_assert(!kernel_faults_off);
	kernel_faulted_in = size;
	return min(size, kernel_not_faulted_in);
}

void mutex_init(struct mutex *lock)
{
	lock->held = 0;
}

void mutex_lock(struct mutex *lock)
{
	if (!mutex_trylock(lock))
		kernel_fail("a lock is taken twice");
}

bool mutex_trylock(struct mutex *lock)
{
	if (lock->held)
		return false;
	lock->held = 1;
	lock->taken++;
	kernel_locks_taken++;
	kernel_locks++;
	return true;
}

struct task_struct *kernel_current = &kernel_task;
static bool kernel_is_stopping, kernel_sleeps_now;

struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *fmt, ...)
{
	struct task_struct *task = kzalloc(sizeof(*task), 0);
	va_list args;

	if (!task)
		return ERR_PTR(-ENOMEM);
	task->flags = PF_KTHREAD;
	task->fn = fn;
	task->arg = arg;
	task->group_leader = task;
	va_start(args, fmt);
	vscnprintf(task->comm, sizeof(task->comm), fmt, args);
	va_end(args);
	return task;
}

bool kthread_should_stop(void)
{
	return kernel_is_stopping || kernel_sleeps_now;
}

void kernel_thread_sleeps(void)
{
	if (kernel_is_stopping)
		kernel_fail("a thread sleeps that is being stopped");
	kernel_sleeps_now = true;
}

void kernel_run_thread(struct task_struct *task)
{
	struct task_struct *was = current;

	kernel_sleeps_now = false;
	kernel_current = task;
	kernel_assert(!task->fn(task->arg));
	kernel_current = was;
	kernel_sleeps_now = false;
}

int kthread_stop(struct task_struct *task)
{
	kernel_is_stopping = true;
	kernel_run_thread(task);
	kernel_is_stopping = false;
	kfree(task);
	return 0;
}

static struct mutex *kernel_kills_at;

void kernel_kill_at(struct mutex *lock)
{
	kernel_kills_at = lock;
}

int mutex_lock_killable(struct mutex *lock)
{
	if (lock == kernel_kills_at)
		current->is_killed = true;
	if (current->is_killed)
		return -EINTR;
	mutex_lock(lock);
	return 0;
}

void mutex_unlock(struct mutex *lock)
{
	kernel_assert(lock->held);
	lock->held = 0;
	kernel_locks--;
}

void down_read(struct rw_semaphore *lock)
{
	if (lock->held == -1)
		kernel_fail("a semaphore is taken twice");
	lock->held++;
	kernel_locks++;
}

int down_read_killable(struct rw_semaphore *lock)
{
	unsigned int ms;

	for (ms = 0; lock->held == -1; ms++) {
		if (current->is_killed)
			return -EINTR;
		if (ms == 10000)
			kernel_fail("a semaphore is not released");
		kernel_sleep_us(1000);
	}
	down_read(lock);
	return 0;
}

void up_read(struct rw_semaphore *lock)
{
	kernel_assert(lock->held > 0);
	lock->held--;
	kernel_locks--;
}

void down_write(struct rw_semaphore *lock)
{
	unsigned int ms;

	for (ms = 0; !down_write_trylock(lock); ms++) {
		if (ms == 20000)
			kernel_fail("a semaphore is taken twice, or not released");
		kernel_sleep_us(1000);
	}
}

bool down_write_trylock(struct rw_semaphore *lock)
{
	if (lock->held)
		return false;
	lock->held = -1;
	lock->owner.counter = (long)current;
	kernel_locks++;
	return true;
}

void up_write(struct rw_semaphore *lock)
{
	kernel_assert(lock->held == -1);
	lock->held = 0;
	lock->owner.counter = 0;
	kernel_locks--;
}

/* Index of a key, or of its insertion point. */
static unsigned int xa_at(struct xarray *xa, unsigned long key)
{
	unsigned int i;

	for (i = 0; i < xa->nr && xa->at[i].key < key; i++)
		;
	return i;
}

void *xa_load(struct xarray *xa, unsigned long key)
{
	unsigned int i = xa_at(xa, key);

	return i < xa->nr && xa->at[i].key == key ? xa->at[i].entry : NULL;
}

void *xa_store(struct xarray *xa, unsigned long key, void *entry, int flags)
{
	unsigned int i = xa_at(xa, key);
	void *was = xa_load(xa, key);

	kernel_assert(kernel_locks);
	if (!was) {
		if (!kernel_has_memory())
			return ERR_PTR(-ENOMEM);
		kernel_assert(xa->nr < XARRAY_ENTRIES);
		memmove(&xa->at[i + 1], &xa->at[i], (xa->nr - i) * sizeof(xa->at[0]));
		xa->nr++;
	}
	xa->at[i].key = key;
	xa->at[i].entry = entry;
	return was;
}

void *xa_erase(struct xarray *xa, unsigned long key)
{
	unsigned int i = xa_at(xa, key);
	void *was = xa_load(xa, key);

	kernel_assert(kernel_locks);
	if (was) {
		xa->nr--;
		memmove(&xa->at[i], &xa->at[i + 1], (xa->nr - i) * sizeof(xa->at[0]));
	}
	return was;
}

void *xa_find(struct xarray *xa, unsigned long *key, unsigned long max, int filter)
{
	unsigned int i = xa_at(xa, *key);

	if (i == xa->nr || xa->at[i].key > max)
		return NULL;
	*key = xa->at[i].key;
	return xa->at[i].entry;
}

void xa_destroy(struct xarray *xa)
{
	xa->nr = 0;
}

void kernel_sleep_us(u64 us)
{
	kernel_sleeps++;
	kernel_ns += us * NSEC_PER_USEC;
	if (kernel_on_sleep)
		kernel_on_sleep(us);
}

void usleep_range_state(unsigned long least, unsigned long most, unsigned int state)
{
	kernel_assert(least <= most);
	kernel_most_us = most;
	kernel_state = state;
	kernel_sleep_us(least);
}

long kernel_wait(wait_queue_head_t *queue, long left)
{
	unsigned int wakes = queue->wakes;

	for (; left > 0 && queue->wakes == wakes; left--) {
		if (current->is_killed)
			return -ERESTARTSYS;
		kernel_sleep_us(1000);
	}
	return left;
}

void kernel_wait_for_wake(wait_queue_head_t *queue)
{
	unsigned int wakes = queue->wakes, ms;

	for (ms = 0; queue->wakes == wakes; ms++) {
		if (ms == 10000)
			kernel_fail("a wait is not woken");
		kernel_sleep_us(1000);
	}
}

bool try_wait_for_completion(struct completion *completion)
{
	if (!completion->done)
		return false;
	completion->done--;
	return true;
}

void wait_for_completion(struct completion *completion)
{
	unsigned int ms;

	for (ms = 0; !try_wait_for_completion(completion); ms++) {
		if (ms == 10000)
			kernel_fail("what is waited for is not completed");
		kernel_sleep_us(1000);
	}
}

/* For mod_delayed_work() the result is the opposite of that of queue_delayed_work(). */
bool kernel_queue(void *wq, struct delayed_work *work, unsigned long delay, bool is_changed)
{
	bool was_queued = work->is_queued;

	work->wq = wq;
	work->times_queued++;
	if (!was_queued || is_changed) {
		work->is_queued = true;
		work->delay = delay;
	}
	return was_queued == is_changed;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	bool was_queued = work->is_queued;

	work->is_queued = false;
	return was_queued;
}

bool queue_work(void *wq, struct work_struct *work)
{
	bool was_queued = work->is_queued;

	work->is_queued = true;
	return !was_queued;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was_queued = work->is_queued;

	work->is_queued = false;
	return was_queued;
}

bool flush_work(struct work_struct *work)
{
	if (!cancel_work_sync(work))
		return false;
	work->fn(work);
	return true;
}

void kernel_do(struct delayed_work *work)
{
	kernel_assert(work->is_queued);
	work->is_queued = false;
	kernel_ns += work->delay * NSEC_PER_MSEC;
	work->work.fn(&work->work);
}
