/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel stand-in: the part of the kernel API that a source file of the driver needs to link
 * with a test on the host. The test simulates the PCI functions, the clock and the driver's
 * other files.
 *
 * It replaces every header <linux/NAME.h> that the driver includes (see ../Makefile), and is
 * included before the first line of each file. The test fails on a lock that is taken twice,
 * released without being held, or not held where the driver asserts it.
 */
#ifndef FV_UNIT_KERNEL_H
#define FV_UNIT_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef unsigned long long u64;
typedef int s32;
typedef short s16;
typedef long long s64;
typedef s64 ktime_t;

#define __init
#define __exit
#define __force
#define __iomem
#define __percpu
#define __user
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define noinline		__attribute__((noinline))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define data_race(x)		(x)
#define barrier()		__asm__ volatile("" ::: "memory")
#define smp_mb()		barrier()
#define MODULE_DEVICE_TABLE(kind, table)
#define MODULE_DESCRIPTION(text)
#define MODULE_AUTHOR(text)
#define MODULE_PARM_DESC(name, text)
/* A test sets it through a pointer. */
#define module_param(name, type, mode)	bool *kernel_param_##name = &(name)
#define MODULE_LICENSE(text)
#define module_init(fn)		int (*kernel_module_init)(void) = (fn)
#define module_exit(fn)		void (*kernel_module_exit)(void) = (fn)
/* LINUX_VERSION_CODE for tests of run-time checks. */
extern unsigned int kernel_version_code;
extern int (*kernel_module_init)(void);
extern void (*kernel_module_exit)(void);
void pr_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define BITS_PER_LONG		64
#define BIT(n)			(1ul << (n))
#define GENMASK(high, low)	((~0ul >> (63 - (high))) & (~0ul << (low)))
#define U32_MAX			(~0u)
#define U64_MAX			(~0ull)
#define SZ_1K			0x400
#define SZ_1M			0x100000
#define PAGE_SHIFT		12
#define PAGE_SIZE		4096
#define NSEC_PER_USEC		1000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NORETRY		0
#define __GFP_NOWARN		0

/* As on x86. */
#define IS_ENABLED(CONFIG_option)	true
#define CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#define CONFIG_PCIEAER
#define ERESTARTSYS		512
#define FIELD_PREP(mask, value)	((value) * ((mask) & -(mask)))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define DIV_ROUND_UP_ULL(n, d)	(((n) + (d) - 1) / (d))
#define upper_32_bits(n)	((u32)((n) >> 32))
#define ALIGN_DOWN(n, size)	((n) & ~((__typeof__(n))(size) - 1))
#define cpu_to_le16(n)		((__le16)(n))
#define container_of(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define swap(a, b)	({ __typeof__(a) __a = (a); (a) = (b); (b) = __a; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define clamp_t(type, value, low, high)					\
	min_t(type, max((type)(value), (type)(low)), high)

static inline int fls64(u64 n)
{
	return n ? 64 - __builtin_clzll(n) : 0;
}

static inline u64 div_u64(u64 n, u32 d)
{
	return n / d;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline bool test_bit(unsigned int bit, const unsigned long *bits)
{
	return *bits & BIT(bit);
}

static inline bool __test_and_clear_bit(unsigned int bit, unsigned long *bits)
{
	bool was = test_bit(bit, bits);

	*bits &= ~BIT(bit);
	return was;
}

#define for_each_set_bit(bit, bits, nr)					\
	for ((bit) = 0; (bit) < (nr); (bit)++)				\
		if (test_bit(bit, bits))

/* Strings, and an error that fails the test. */
#define strscpy(...)		strscpy_args(__VA_ARGS__, strscpy_3, strscpy_2)(__VA_ARGS__)
#define strscpy_args(a, b, c, which, ...)	which
#define strscpy_2(to, from)	strscpy_3(to, from, sizeof(to))
ssize_t strscpy_3(char *to, const char *from, size_t size);
int vscnprintf(char *text, size_t size, const char *fmt, va_list args);
int scnprintf(char *text, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

int kstrtou32(const char *text, unsigned int base, u32 *value);
int kstrtou64(const char *text, unsigned int base, u64 *value);
char *skip_spaces(const char *text);
char *strim(char *text);

void kernel_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define kernel_assert(what)						\
	((what) ? (void)0 : kernel_fail("%s:%d: %s", __FILE__, __LINE__, #what))

#define WARN_ON(what)		({ bool __is = (what); if (__is) kernel_fail("%s", #what); __is; })
#define WARN_ON_ONCE(what)	WARN_ON(what)
#define WARN_ONCE(what, ...)	({ if (what) kernel_fail(__VA_ARGS__); })

#define MAX_ERRNO		4095
#define ERR_PTR(error)		((void *)(long)(error))
#define PTR_ERR(ptr)		((long)(ptr))
#define PTR_ERR_OR_ZERO(_p) (IS_ERR(_p) ? PTR_ERR(_p) : 0)
#define IS_ERR(ptr)		((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)

/*
 * Memory. One allocation fails, after kernel_allocs successful ones; kernel_objects counts the
 * objects not freed.
 */
extern unsigned int kernel_allocs;
extern int kernel_objects;
bool kernel_has_memory(void);
void *kzalloc(size_t size, int flags);
void kfree(const void *ptr);
#define kvzalloc(size, flags)	kzalloc(size, flags)
#define kvfree(ptr)		kfree(ptr)

#define DEFINE_FREE(name, type, free)					\
	static inline void kernel_free_##name(void *at)			\
	{								\
		type _T = *(type *)at;					\
									\
		free;							\
	}
#define __free(name)		__attribute__((cleanup(kernel_free_##name)))
DEFINE_FREE(kfree, void *, kfree(_T))
DEFINE_FREE(kvfree, void *, kfree(_T))

struct kref {
	int refs;
};

#define kref_init(ref)		((ref)->refs = 1)
#define kref_get(ref)		((void)(ref)->refs++)
static inline void kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	kernel_assert(ref->refs > 0);
	if (!--ref->refs)
		release(ref);
}

typedef unsigned long pgoff_t;

/* A page is allocated with stale contents. */
struct page {
	u8 bytes[PAGE_SIZE];
};

struct page *kernel_alloc_page(void);
#define alloc_page(flags)	kernel_alloc_page()
void kernel_free_page(struct page *page);
#define __free_page(page)	kernel_free_page(page)
/* After split_page(), each page is freed separately. */
#define HPAGE_PMD_ORDER		2
struct page *alloc_pages(unsigned int flags, unsigned int order);
void split_page(struct page *page, unsigned int order);
#define page_address(page)	((void *)(page)->bytes)
#define page_to_pfn(page)	((unsigned long)(page) >> PAGE_SHIFT)
/* kernel_on_memchr_inv() is called before each check. */
extern void (*kernel_on_memchr_inv)(const void *at);
void *memchr_inv(const void *at, int c, size_t size);

/* User memory: writes fault after kernel_user_left bytes. */
extern size_t kernel_user_left;
size_t copy_to_user(void __user *to, const void *from, size_t size);
/* One address cannot be read. */
extern const void *kernel_user_bad;
size_t copy_from_user(void *to, const void __user *from, size_t size);
#define get_user(to, from)						\
	({								\
		const __typeof__(*(from)) *__from = (from);		\
		bool __is_bad = __from == kernel_user_bad;		\
									\
		(to) = __is_bad ? 0 : *__from;				\
		__is_bad ? -EFAULT : 0;					\
	})
extern unsigned int kernel_faults_off;
#define pagefault_disable()	((void)kernel_faults_off++)
#define pagefault_enable()	((void)kernel_faults_off--)
/* Size of the last memory that was faulted in, and how much of it cannot be. */
extern size_t kernel_faulted_in, kernel_not_faulted_in;
size_t fault_in_readable(const char __user *from, size_t size);
#define fault_in_safe_writeable(to, size)	fault_in_readable(to, size)

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define INIT_LIST_HEAD(head)	((head)->next = (head)->prev = (head))
#define list_empty(head)	((head)->next == (head))
#define list_is_singular(head)	(!list_empty(head) && (head)->next == (head)->prev)
#define list_entry(at, type, member)	container_of(at, type, member)
#define list_for_each_entry(entry, head, member)			\
	for (entry = list_entry((head)->next, __typeof__(*entry), member);	\
	     &entry->member != (head);					\
	     entry = list_entry(entry->member.next, __typeof__(*entry), member))

static inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *at;
	size_t nr = 0;

	for (at = head->next; at != head; at = at->next)
		nr++;
	return nr;
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	list_add_tail(node, head->next);
}

#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_for_each_entry_safe(entry, after, head, member)		\
	for (entry = list_entry((head)->next, __typeof__(*entry), member),	\
		     after = list_entry(entry->member.next, __typeof__(*entry), member);	\
	     &entry->member != (head);					\
	     entry = after, after = list_entry(entry->member.next, __typeof__(*entry), member))

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	INIT_LIST_HEAD(node);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

/* Locks. kernel_locks counts the locks held, kernel_locks_taken how often a mutex was taken. */
extern int kernel_locks;
extern unsigned int kernel_locks_taken;

struct mutex {
	int held;
	unsigned int taken;	/* how often */
};

typedef struct {
	long counter;
} atomic_long_t;

#define atomic_long_read(a)	((a)->counter)

struct rw_semaphore {
	int held;		/* readers, or -1 for a writer */
	atomic_long_t owner;	/* the task of that writer */
};

typedef struct mutex spinlock_t;

#define DEFINE_MUTEX(name)	struct mutex name
#define DEFINE_SPINLOCK(name)	spinlock_t name
#define lockdep_assert_held(lock)	kernel_assert((lock)->held)
#define lockdep_assert_not_held(lock)	kernel_assert(!(lock)->held)
#define lockdep_assert_held_write(lock)	kernel_assert((lock)->held == -1)

void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
int mutex_lock_killable(struct mutex *lock);
/* The current task is killed while it waits for this lock. */
void kernel_kill_at(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
#define spin_lock_init(lock)	mutex_init(lock)
#define spin_lock_irqsave(lock, flags)	((flags) = 0, mutex_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), mutex_unlock(lock))
#define spin_lock(lock)		mutex_lock(lock)
#define spin_unlock(lock)	mutex_unlock(lock)

#define init_rwsem(lock)	((lock)->held = 0)
void down_read(struct rw_semaphore *lock);
int down_read_killable(struct rw_semaphore *lock);	/* sleeps while a writer holds it */
void up_read(struct rw_semaphore *lock);
void down_write(struct rw_semaphore *lock);
bool down_write_trylock(struct rw_semaphore *lock);
void up_write(struct rw_semaphore *lock);

static inline struct mutex *kernel_guard(struct mutex *lock)
{
	mutex_lock(lock);
	return lock;
}

static inline void kernel_unguard(struct mutex **lock)
{
	mutex_unlock(*lock);
}

#define kernel_guard_mutex(lock)	kernel_guard(lock)
#define DEFINE_LOCK_GUARD_1(kind, type, lock, unlock)
#define KERNEL_PASTE(a, b)	a##b
#define KERNEL_NAME(a, b)	KERNEL_PASTE(a, b)
#define guard(kind)							\
	__attribute__((cleanup(kernel_unguard), unused))		\
	struct mutex *KERNEL_NAME(guard_, __COUNTER__) = KERNEL_NAME(kernel_guard_, kind)
#define scoped_guard(kind, lock)					\
	for (struct mutex *__scope __attribute__((cleanup(kernel_unguard))) =	\
		     kernel_guard(lock), *__once = NULL; !__once; __once = __scope)

typedef struct {
	int counter;
} atomic_t;

#define atomic_read(a)		((a)->counter)
#define atomic_inc(a)		((void)(a)->counter++)
#define atomic_inc_return(a)	(++(a)->counter)
#define atomic_dec(a)		((void)(a)->counter--)
#define cmpxchg(at, old, new)	__sync_val_compare_and_swap(at, old, new)
#define smp_store_release(at, new)	__atomic_store_n(at, new, __ATOMIC_RELEASE)
#define xchg(at, new)		__atomic_exchange_n(at, new, __ATOMIC_SEQ_CST)

/* The test implements the grace period. */
void synchronize_rcu_expedited(void);

/* XArrays: sorted by key. */
#define XARRAY_ENTRIES		64

struct xarray {
	unsigned int nr;
	struct {
		unsigned long key;
		void *entry;
	} at[XARRAY_ENTRIES];
};

#define DEFINE_XARRAY(name)	struct xarray name
#define XA_PRESENT		0
static inline int xa_err(void *entry)
{
	return IS_ERR(entry) ? PTR_ERR(entry) : 0;
}

void *xa_load(struct xarray *xa, unsigned long key);
void *xa_store(struct xarray *xa, unsigned long key, void *entry, int flags);
void *xa_erase(struct xarray *xa, unsigned long key);
void *xa_find(struct xarray *xa, unsigned long *key, unsigned long max, int filter);
void xa_destroy(struct xarray *xa);
#define xa_for_each(xa, key, entry)					\
	for ((key) = 0; ((entry) = xa_find(xa, &(key), ULONG_MAX, XA_PRESENT)); (key)++)

/* Per-CPU variables; the test runs on kernel_cpu. */
#define KERNEL_CPUS		2
#define KERNEL_CPU_SIZE		4096
extern unsigned int kernel_cpu;
#define alloc_percpu(type)						\
	((type *)(sizeof(type) > KERNEL_CPU_SIZE ? NULL :		\
		  kzalloc(KERNEL_CPUS * KERNEL_CPU_SIZE, 0)))
#define free_percpu(ptr)	kfree(ptr)
#define per_cpu_ptr(ptr, cpu)						\
	((__typeof__(ptr))((char *)(ptr) + (cpu) * KERNEL_CPU_SIZE))
#define this_cpu_add(x, n)	((void)(*per_cpu_ptr(&(x), kernel_cpu) += (n)))
#define this_cpu_inc(x)		this_cpu_add(x, 1)
#define this_cpu_dec(x)		this_cpu_add(x, -1)
#define OPTIMIZER_HIDE_VAR(x)	((void)(x))
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < KERNEL_CPUS; (cpu)++)

/*
 * Time passes only in sleeps: each advances the clock by its minimum and calls
 * kernel_on_sleep().
 */
extern u64 kernel_ns;
extern u64 kernel_slept_ns;	/* of sleeps of the system */
extern unsigned int kernel_sleeps;
extern void (*kernel_on_sleep)(u64 us);
#define KERNEL_EPOCH_NS		1000000000000000000ull	/* CLOCK_REALTIME at 0 */
#define ktime_get()		((ktime_t)kernel_ns)
#define ktime_get_boottime()	((ktime_t)(kernel_ns + kernel_slept_ns))
#define ktime_ms_delta(later, earlier)	(((later) - (earlier)) / (s64)NSEC_PER_MSEC)
#define ktime_get_ns()		kernel_ns
#define ktime_get_real_ns()	(KERNEL_EPOCH_NS + kernel_ns)
#define ktime_sub(a, b)		((a) - (b))
#define ktime_to_ns(t)		(t)
#define ktime_add_ms(t, ms)	((t) + (ms) * 1000000ll)
#define ktime_us_delta(a, b)	(((a) - (b)) / 1000)
void kernel_sleep_us(u64 us);
#define TASK_KILLABLE		0x102
void usleep_range_state(unsigned long least, unsigned long most, unsigned int state);
#define usleep_range(least, most)	usleep_range_state(least, most, 2)
#define msleep(ms)		kernel_sleep_us((ms) * 1000ull)
extern unsigned long kernel_most_us;	/* of the last sleep */
extern unsigned int kernel_state;

/* The current task. */
#define TASK_COMM_LEN		16
#define PF_EXITING		0x4
#define PF_KTHREAD		0x200000

struct task_struct {
	unsigned int flags;
	pid_t tgid;
	char comm[TASK_COMM_LEN];
	struct task_struct *group_leader;
	bool is_killed;
	int (*fn)(void *arg);	/* of a kernel thread */
	void *arg;
};

extern struct task_struct kernel_task;
extern struct task_struct *kernel_current;
#define current			(*&kernel_current)

/* Kernel threads run when the test says so, by kernel_run_thread(), until they sleep. */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool kthread_should_stop(void);
int kthread_stop(struct task_struct *task);
void kernel_run_thread(struct task_struct *task);
/* A thread that waits for a condition that does not hold gives the CPU back to the test. */
#define wait_event_interruptible(queue, condition)			\
	((condition) ? 0 : ((void)(queue), kernel_thread_sleeps(), 0))
#define wait_event_freezable(queue, condition)	wait_event_interruptible(queue, condition)
#define set_freezable()
void kernel_thread_sleeps(void);
#define SIGKILL			9
#define allow_kernel_signal(signal)	((void)(signal))
#define send_sig(signal, task, is_kernel)	((task)->is_killed = true)
#define flush_signals(task)	((task)->is_killed = false)
#define task_tgid_nr(task)	((task)->tgid)
#define get_task_comm(to, task)	strscpy(to, (task)->comm)
#define fatal_signal_pending(task)	((task)->is_killed)
#define CAP_SYS_ADMIN		21
extern bool kernel_is_capable;
#define capable(cap)		kernel_is_capable

struct pid {
	int nr;
	int refs;
};

#define PIDTYPE_TGID		1
#define pid_nr(pid)		((pid)->nr)
extern struct pid kernel_pid;	/* of the current task */
#define get_task_pid(task, type)	(kernel_pid.refs++, &kernel_pid)
#define put_pid(pid)		((void)(pid)->refs--)

/* Work: queued, and run when the test requests it. */
struct work_struct {
	void (*fn)(struct work_struct *work);
	bool is_queued;
};

struct delayed_work {
	union {
		struct work_struct work;
		struct {
			void (*fn)(struct work_struct *work);
			bool is_queued;
		};
	};
	unsigned long delay;
	unsigned int times_queued;
	void *wq;		/* of the last queue_delayed_work() */
};

#define system_unbound_wq	NULL
/* of base/workqueue.c */
extern struct workqueue_struct *fv_workqueue;
#define msecs_to_jiffies(ms)	(ms)
#define jiffies			(kernel_ns / NSEC_PER_MSEC)
#define time_before(a, b)	((a) < (b))
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, function)	((w)->work.fn = (function), (w)->is_queued = false)
bool kernel_queue(void *wq, struct delayed_work *work, unsigned long delay, bool is_changed);
#define queue_delayed_work(wq, work, delay)	kernel_queue(wq, work, delay, false)
#define mod_delayed_work(wq, work, delay)	kernel_queue(wq, work, delay, true)
bool cancel_delayed_work_sync(struct delayed_work *work);
#define cancel_delayed_work(work)	cancel_delayed_work_sync(work)
/* Advance the clock to the due time and run the work. */
void kernel_do(struct delayed_work *work);

/* Work without delay. */
#define INIT_WORK(w, function)	((w)->fn = (function), (w)->is_queued = false)
#define work_busy(w)		((w)->is_queued)
bool queue_work(void *wq, struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
#define cancel_work(work)	cancel_work_sync(work)
bool flush_work(struct work_struct *work);

struct completion {
	unsigned int done;
};

#define init_completion(c)	((c)->done = 0)
#define complete(c)		((void)(c)->done++)
bool try_wait_for_completion(struct completion *completion);
void wait_for_completion(struct completion *completion);	/* sleeps until completed */

/* The condition is checked on each wake-up and at the timeout. */
typedef struct {
	unsigned int wakes;
} wait_queue_head_t;

#define init_waitqueue_head(queue)	((queue)->wakes = 0)
#define wake_up_all(queue)	((void)(queue)->wakes++)
#define wake_up(queue)		wake_up_all(queue)

/* System sleep. */
#define NOTIFY_DONE		0
enum {
	PM_HIBERNATION_PREPARE = 1, PM_POST_HIBERNATION, PM_SUSPEND_PREPARE, PM_POST_SUSPEND,
	PM_RESTORE_PREPARE, PM_POST_RESTORE,
};

struct notifier_block {
	int (*notifier_call)(struct notifier_block *block, unsigned long action, void *data);
};

/* The registered block, or NULL. */
extern struct notifier_block *kernel_pm_block;
#define register_pm_notifier(block)	(kernel_pm_block = (block), 0)
/* The firmware took part in the last sleep. */
extern bool kernel_resumed_by_firmware;
#define pm_resume_via_firmware()	kernel_resumed_by_firmware
#define unregister_pm_notifier(block)	((void)(block), (void)(kernel_pm_block = NULL))
/* Return the remaining time in jiffies, or -ERESTARTSYS. */
long kernel_wait(wait_queue_head_t *queue, long left);
#define wait_event_killable_timeout(queue, condition, timeout)		\
	({								\
		long __left = (timeout);				\
		bool __is;						\
									\
		while (!(__is = (condition)) && __left > 0)		\
			__left = kernel_wait(&(queue), __left);		\
		__is ? max(__left, 1l) : __left;			\
	})

/* Sleeps for at most an hour. */
#define wait_event_killable(queue, condition)				\
	({								\
		long __ret = wait_event_killable_timeout(queue, condition, 3600 * 1000);	\
									\
		kernel_assert(__ret);					\
		min(__ret, 0l);						\
	})
/* Sleeps until a wake-up, not even killable; a wait that is never woken fails the test. */
void kernel_wait_for_wake(wait_queue_head_t *queue);
#define wait_event(queue, condition)					\
	do {								\
		while (!(condition))					\
			kernel_wait_for_wake(&(queue));			\
	} while (0)

/* Called at begin and end of each test; fails if a lock is held or an object is left. */
void kernel_begins(void);
void kernel_ends(void);

#include "kernel_pci.h"

#endif
