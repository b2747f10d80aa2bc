// The machine inside the library, as C text: memory, a pool of threads, and the driver that interprets prepared programs. It speaks
// the protocol of program-layout.ts: a step's blocks are claimed with its `next` counter and counted with its `done` counter, so
// that a thread that the operating system parked holds nobody up. It knows steps, blocks and threads, nothing of kernels.
import { HEADER, HEAP_BASE, MAX_THREADS, OP, PAIR_BYTES, STEP, STEP_BYTES } from "../cpu/program-layout.js";

/** 4 GiB of addresses, and behind them what a constant offset, a vector and a tail may reach. */
export const RESERVED_BYTES = 2 ** 32 + 2 ** 18;
/** About 8 µs, above the wake-up of 6 µs (../shared measurements: docs/architecture.md, The machine). */
const SPINS = 4000;
export const OUTCOME = { running: 0, complete: 1, aborted: 2, trapped: 3 } as const;
/** What lies at the start of memory, where no program does: the machine, for kernels that fail, and the number of the one that did. */
export const FIRST_WORDS = { machine: 0, trapped: 8 } as const;

const field = (name: keyof typeof STEP): string => `(step + ${STEP[name]})`;

const head = `
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif
typedef void Kernel(char *memory, int32_t params, int32_t block, int32_t scratch);
extern Kernel *const azulejo_kernels[];
typedef _Atomic int32_t Word;
#define LINE _Alignas(64)
enum { GATE_OPEN = 1 << 30, RUNNING = ${OUTCOME.running}, COMPLETE = ${OUTCOME.complete}, ABORTED = ${OUTCOME.aborted}, TRAPPED = ${OUTCOME.trapped} };
typedef struct {
  LINE Word started;      /* runs that were opened; threads sleep on it between runs */
  LINE Word gate;         /* GATE_OPEN while threads may join, plus the threads inside */
  LINE Word wake;         /* bumped when a step is done and somebody sleeps; threads sleep on it between steps */
  Word sleepers;
  LINE Word outcome;      /* whoever changes it first decides */
  Word run;
  Word abortedRun;
  int32_t entry;
  LINE Word ending;
  char *memory;
  int threads, spins, delays;
  pthread_mutex_t mutex;  /* where there is no futex */
  pthread_cond_t bell;
  pthread_t pool[${MAX_THREADS}];
} Machine;
typedef struct { Machine *machine; int thread; } Member;
`;

/** Sleeping on a word: a futex on Linux, one condition variable for all words elsewhere. */
const sleeping = `
static void sleepOn(Machine *m, Word *word, int32_t value) {
#ifdef __linux__
  (void)m;
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
#else
  (void)word;
  pthread_mutex_lock(&m->mutex);
  while (atomic_load(word) == value) pthread_cond_wait(&m->bell, &m->mutex);
  pthread_mutex_unlock(&m->mutex);
#endif
}
static void wakeAll(Machine *m, Word *word) {
#ifdef __linux__
  (void)m;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
#else
  (void)word;
  pthread_mutex_lock(&m->mutex);
  pthread_cond_broadcast(&m->bell);
  pthread_mutex_unlock(&m->mutex);
#endif
}
/* a random pause wherever threads race, in machines that were opened for tests */
static void delay(Machine *m) {
  static _Atomic uint32_t state;
  if (!m->delays) return;
  uint32_t x = atomic_load(&state) * 1664525u + 1013904223u;
  atomic_store(&state, x);
  if ((x >> 8 & 63) == 0) usleep(x >> 14 & 1023);
  for (uint32_t i = x >> 22; i > 0; i--) PAUSE();
}
`;

/** What a driver does at a step of each kind, then where it goes on: the type checker says which is missing. */
type Cases = Readonly<Record<keyof typeof OP, string>>;
const next = `step += ${STEP_BYTES};`;
const target = `step = m->memory + (uint32_t)load${field("target")};`;
/** by all threads of the run */
const together: Cases = {
  call: `runCall(m, step, scratch); awaitDone(m, step, load${field("count")}); ${next}`,
  series: `runSeries(m, step, scratch); awaitDone(m, step, 1); ${next}`,
  if: "step = decide(m, step);",
  jump: target,
  alone: `runAlone(m, step, scratch); awaitDone(m, step, 1); ${target}`,
  end: "atomic_compare_exchange_strong(&m->outcome, &running, COMPLETE); return;",
};
const alone: Cases = {
  call: `callAlone(m, step, scratch); ${next}`,
  series: `callSeries(m, step, scratch); ${next}`,
  if: `step = taken(m, step) ? step + ${STEP_BYTES} : m->memory + (uint32_t)load${field("target")};`,
  jump: target,
  alone: `executeAlone(m, step + ${STEP_BYTES}, scratch); ${target}`,
  end: "return;",
};
const cases = (what: Cases): string =>
  (Object.keys(OP) as (keyof typeof OP)[]).map(op => `      case ${OP[op]}: ${what[op]} break;`).join("\n");

const driver = `
static int32_t load(const char *at) { int32_t x; memcpy(&x, at, 4); return x; }
static Word *word(char *at) { return (Word *)at; }
static void wake(Machine *m) {
  if (atomic_load(&m->sleepers) == 0) return;
  atomic_fetch_add(&m->wake, 1);
  wakeAll(m, &m->wake);
}
static int isDone(char *step, int32_t blocks) { return (uint32_t)atomic_load(word${field("done")}) >= (uint32_t)blocks; }
/* Announce, look again, then sleep: whoever finishes the step after the second look sees the announcement and bumps wake. */
static void awaitDone(Machine *m, char *step, int32_t blocks) {
  for (int i = m->spins; i > 0; i--) {
    if (isDone(step, blocks)) return;
    PAUSE();
  }
  atomic_fetch_add(&m->sleepers, 1);
  for (;;) {
    delay(m);
    int32_t seen = atomic_load(&m->wake);
    if (isDone(step, blocks) || atomic_load(&m->outcome)) break;
    delay(m);
    sleepOn(m, &m->wake, seen);
  }
  atomic_fetch_sub(&m->sleepers, 1);
}
static void runCall(Machine *m, char *step, int32_t scratch) {
  int32_t blocks = load${field("count")}, params = load${field("params")};
  Kernel *kernel = azulejo_kernels[load${field("func")}];
  for (;;) {
    delay(m);
    int32_t block = atomic_fetch_add(word${field("next")}, 1);
    if (block >= blocks) return;
    kernel(m->memory, params, block, scratch);
    delay(m);
    if (atomic_fetch_add(word${field("done")}, 1) == blocks - 1) {
      wake(m);
      return;
    }
    if (atomic_load(&m->outcome)) return;
  }
}
static void callSeries(Machine *m, char *step, int32_t scratch) {
  char *pair = m->memory + (uint32_t)load${field("params")};
  for (int32_t i = load${field("count")}; i > 0 && !atomic_load(&m->outcome); i--, pair += ${PAIR_BYTES})
    azulejo_kernels[load(pair)](m->memory, load(pair + 4), 0, scratch);
}
static void callAlone(Machine *m, char *step, int32_t scratch) {
  int32_t blocks = load${field("count")}, params = load${field("params")};
  Kernel *kernel = azulejo_kernels[load${field("func")}];
  for (int32_t block = 0; block < blocks && !atomic_load(&m->outcome); block++) kernel(m->memory, params, block, scratch);
}
static void runSeries(Machine *m, char *step, int32_t scratch) {
  delay(m);
  /* looking before claiming leaves the line with the thread that works */
  if (atomic_load(word${field("next")}) || atomic_fetch_add(word${field("next")}, 1)) return;
  callSeries(m, step, scratch);
  if (atomic_load(&m->outcome)) return;
  delay(m);
  atomic_fetch_add(word${field("done")}, 1);
  wake(m);
}
static int taken(Machine *m, char *step) { return m->memory[(uint32_t)load${field("condition")}] != 0; }
/* Decided once: a thread that comes late would read a condition whose memory has been reused. */
static char *decide(Machine *m, char *step) {
  int32_t decision = atomic_load(word${field("decision")});
  if (!decision) {
    int32_t expected = 0;
    decision = taken(m, step) ? 1 : 2;
    delay(m);
    if (!atomic_compare_exchange_strong(word${field("decision")}, &expected, decision)) decision = expected;
  }
  return decision == 2 ? m->memory + (uint32_t)load${field("target")} : step + ${STEP_BYTES};
}
/* Up to an end on this thread alone, without counters, so that steps may be run again and again. */
static void executeAlone(Machine *m, char *step, int32_t scratch) {
  while (!atomic_load(&m->outcome)) {
    switch (load${field("op")}) {
${cases(alone)}
    }
  }
}
/* One thread runs what stands alone; the others find it claimed and wait. */
static void runAlone(Machine *m, char *step, int32_t scratch) {
  delay(m);
  if (atomic_load(word${field("next")}) || atomic_fetch_add(word${field("next")}, 1)) return;
  executeAlone(m, step + ${STEP_BYTES}, scratch);
  if (atomic_load(&m->outcome)) return;
  delay(m);
  atomic_fetch_add(word${field("done")}, 1);
  wake(m);
}
static void execute(Machine *m, int thread) {
  char *step = m->memory + (uint32_t)m->entry;
  int32_t scratch = load(step + ${HEADER.scratch}) + thread * load(step + ${HEADER.scratchBytesPerThread});
  int32_t running = RUNNING;
  step += ${STEP_BYTES};
  while (!atomic_load(&m->outcome)) {
    switch (load${field("op")}) {
${cases(together)}
    }
  }
}
`;

const threads = `
/* Joining a closed run is undone at once; the next one opens only when the gate is back at zero. */
static void takePart(Machine *m, int thread) {
  delay(m);
  if (atomic_fetch_add(&m->gate, 1) & GATE_OPEN) {
    execute(m, thread);
    atomic_fetch_and(&m->gate, ~GATE_OPEN);
  }
  delay(m);
  if (atomic_fetch_sub(&m->gate, 1) == 1) wakeAll(m, &m->gate);
}
static void *serve(void *argument) {
  Member self = *(Member *)argument;
  free(argument);
  Machine *m = self.machine;
  for (int32_t last = 0;;) {
    for (int i = m->spins; i > 0 && atomic_load(&m->started) == last; i--) PAUSE();
    while (atomic_load(&m->started) == last) sleepOn(m, &m->started, last);
    last = atomic_load(&m->started);
    if (atomic_load(&m->ending)) return 0;
    takePart(m, self.thread);
  }
}
static void untilQuiet(Machine *m) {
  for (int32_t inside; (inside = atomic_load(&m->gate)) != 0;) sleepOn(m, &m->gate, inside);
}
/* Counters of all steps, which a run counts up. */
static void reset(char *entry, int32_t steps) {
  char *step = entry;
  while (steps-- > 0) {
    step += ${STEP_BYTES};
    atomic_store_explicit(word${field("next")}, 0, memory_order_relaxed);
    atomic_store_explicit(word${field("done")}, 0, memory_order_relaxed);
    atomic_store_explicit(word${field("decision")}, 0, memory_order_relaxed);
  }
}
`;

const interface_ = `
#define EXPORT __attribute__((visibility("default")))
EXPORT void azulejo_close(uint64_t handle) {
  Machine *m = (Machine *)(uintptr_t)handle;
  atomic_store(&m->ending, 1);
  atomic_fetch_add(&m->started, 1);
  wakeAll(m, &m->started);
  for (int i = 1; i < m->threads; i++) pthread_join(m->pool[i], 0);
  munmap(m->memory, ${RESERVED_BYTES}ull);
  free(m);
}
/* 0: no address space, no memory, or no thread */
EXPORT uint64_t azulejo_open(int32_t threads, int32_t oversubscribed, int32_t delays) {
  Machine *m = 0;
  if (posix_memalign((void **)&m, 64, sizeof(Machine))) return 0;
  memset(m, 0, sizeof *m);
  m->memory = mmap(0, ${RESERVED_BYTES}ull, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m->memory == MAP_FAILED) { free(m); return 0; }
#ifdef MADV_HUGEPAGE
  /* weights and arena walk through tens of megabytes: a table entry for each 4 KiB of them would miss again and again */
  madvise(m->memory + ${HEAP_BASE}, ${RESERVED_BYTES}ull - ${HEAP_BASE}, MADV_HUGEPAGE);
#endif
  memcpy(m->memory + ${FIRST_WORDS.machine}, &m, sizeof m);
  m->threads = 1;
  m->spins = oversubscribed ? 1 : ${SPINS};
  m->delays = delays;
  pthread_mutex_init(&m->mutex, 0);
  pthread_cond_init(&m->bell, 0);
  for (int i = 1; i < threads; i++) {
    Member *member = malloc(sizeof *member);
    if (member) *member = (Member){m, i};
    if (!member || pthread_create(&m->pool[i], 0, serve, member)) {
      free(member);
      azulejo_close((uint64_t)(uintptr_t)m);
      return 0;
    }
    m->threads++;
  }
  return (uint64_t)(uintptr_t)m;
}
EXPORT void *azulejo_at(uint64_t handle, uint32_t address) { return ((Machine *)(uintptr_t)handle)->memory + address; }
EXPORT void azulejo_write(uint64_t handle, uint32_t address, const void *from, uint64_t bytes) {
  memcpy(((Machine *)(uintptr_t)handle)->memory + address, from, bytes);
}
EXPORT void azulejo_read(uint64_t handle, uint32_t address, void *to, uint64_t bytes) {
  memcpy(to, ((Machine *)(uintptr_t)handle)->memory + address, bytes);
}
/* The calling thread is thread 0, or does all of it alone. Gives the outcome, when nobody writes any more. */
EXPORT int32_t azulejo_run(uint64_t handle, int32_t run, int32_t entry, int32_t steps, int32_t alone) {
  Machine *m = (Machine *)(uintptr_t)handle;
  int32_t running = RUNNING;
  untilQuiet(m);
  reset(m->memory + (uint32_t)entry, steps);
  m->entry = entry;
  atomic_store(&m->run, run);
  atomic_store(&m->outcome, RUNNING);
  if (atomic_load(&m->abortedRun) == run) atomic_compare_exchange_strong(&m->outcome, &running, ABORTED);
  /* a thread that is still on its way out keeps the gate from opening */
  for (int32_t closed = 0; !atomic_compare_exchange_weak(&m->gate, &closed, GATE_OPEN); closed = 0) untilQuiet(m);
  if (m->threads > 1 && !alone) {
    atomic_fetch_add(&m->started, 1);
    wakeAll(m, &m->started);
  }
  takePart(m, 0);
  int32_t outcome = atomic_load(&m->outcome);
  if (outcome != COMPLETE) untilQuiet(m);
  return outcome;
}
/* Whoever decides how a run ends wakes those who wait for its steps. */
static int endEarly(Machine *m, int32_t outcome) {
  int32_t running = RUNNING;
  int decided = atomic_compare_exchange_strong(&m->outcome, &running, outcome);
  atomic_fetch_add(&m->wake, 1);
  wakeAll(m, &m->wake);
  return decided;
}
/* From a kernel, which then returns; the run ends when all threads have seen it. */
void azulejo_trap(char *memory, int32_t kernel) {
  Machine *m;
  memcpy(&m, memory + ${FIRST_WORDS.machine}, sizeof m);
  if (endEarly(m, TRAPPED)) memcpy(memory + ${FIRST_WORDS.trapped}, &kernel, sizeof kernel);
}
/* From any thread, before the run began or while it goes on. */
EXPORT void azulejo_abort(uint64_t handle, int32_t run) {
  Machine *m = (Machine *)(uintptr_t)handle;
  atomic_store(&m->abortedRun, run);
  if (atomic_load(&m->run) == run) endEarly(m, ABORTED);
}
`;

export const runtime = [head, sleeping, driver, threads, interface_].map(part => part.trim()).join("\n");

/** The table of kernels that a program's calls index; all that the runtime knows of a program. */
export const tableOf = (entries: readonly string[]): string =>
  [
    ...entries.map(name => `void ${name}(char *, int, int, int);`),
    `void (*const azulejo_kernels[])(char *, int, int, int) = { ${[...entries, "0"].join(", ")} };`,
    "",
  ].join("\n");
