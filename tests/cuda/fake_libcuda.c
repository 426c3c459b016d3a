/* A CUDA driver without a GPU: device memory is host memory, and streams are lazy.

   What is put on a stream runs at the latest legal moment: when the host waits for it, or when a
   stream that the host waits for waits for it. So whoever forgets a wait reads stale bytes, every
   time. With fake_schedule(seed) operations run at random legal moments instead, which shows what
   overwrites memory that is still in use.

   Only what deblurvid's driver layer needs is here; other symbols stay unresolved. Errors that a
   real driver would not notice (memory freed while work is pending, copies from pageable memory)
   are written down, see fake_violations. Freed memory is overwritten and kept, so that whoever
   still reads it gets wrong bytes instead of a crash.

   One lock guards everything. Operations run under it, also those that call back into Python, so
   only one thread may have work that calls back. */

#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_READY = 600,
    UNKNOWN = 999 /* as after a device has gone: no call succeeds any more, clean-up included */
};
enum { DISABLE_TIMING = 2, WRITE_COMBINED = 4 };

typedef struct Stream Stream;
typedef struct Event Event;
typedef struct Memory Memory;
typedef void (*Function)(void *);

typedef struct {
    enum { COPY, CALL, WAIT, RECORD } kind;
    void *to;
    const void *from;
    size_t size;
    Function function;
    void *data;
    Event *event;
    Stream *stream; /* of WAIT: runs until `position` before this stream goes on */
    uint64_t position;
} Operation;

struct Stream {
    Stream *next;
    int live, running;
    Operation *operations;
    uint64_t done, queued, capacity;
};

struct Event {
    int live, timed;
    Stream *stream; /* null until recorded */
    uint64_t position;
    double seconds;
};

struct Memory {
    Memory *next;
    char *start;
    size_t size;
    int on_device, live;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int initialized, retained, primary; /* the address of `primary` is the context */
static __thread int stack;                 /* how often it was pushed on this thread */
static Stream *streams;
static Memory *memories;
static size_t memory_total = (size_t)8 << 30, memory_used;
static int live_streams, live_events, live_device, live_pinned, write_combined;
static unsigned seed;
static char violations[4096];
static char failing[64];
static int fail_after, fail_code, sticky;

static void violation(const char *format, ...)
{
    size_t used = strlen(violations);
    va_list values;
    va_start(values, format);
    vsnprintf(violations + used, sizeof violations - used, format, values);
    va_end(values);
    used = strlen(violations);
    if (used + 1 < sizeof violations)
        strcpy(violations + used, "\n");
}

/* --- operations ------------------------------------------------------------------------------ */

static Memory *memory_of(const void *address, size_t size, int on_device)
{
    for (Memory *m = memories; m; m = m->next)
        if (m->live && m->on_device == on_device && (char *)address >= m->start &&
            (char *)address + size <= m->start + m->size)
            return m;
    return NULL;
}

static void run_until(Stream *stream, uint64_t position);

static void run_next(Stream *stream)
{
    Operation now = stream->operations[stream->done];
    struct timespec clock;
    stream->running = 1;
    switch (now.kind) {
    case COPY:
        memcpy(now.to, now.from, now.size);
        break;
    case CALL:
        now.function(now.data);
        break;
    case WAIT:
        run_until(now.stream, now.position);
        break;
    case RECORD:
        clock_gettime(CLOCK_MONOTONIC, &clock);
        now.event->seconds = clock.tv_sec + 1e-9 * clock.tv_nsec;
        break;
    }
    stream->running = 0;
    stream->done++;
}

static void run_until(Stream *stream, uint64_t position)
{
    while (stream->done < position && !stream->running)
        run_next(stream);
}

static void run_some(void) /* at random, and only what may run now */
{
    if (!seed)
        return;
    for (Stream *s = streams; s; s = s->next)
        while (s->done < s->queued && !s->running && rand_r(&seed) % 3) {
            Operation *next = &s->operations[s->done];
            if (next->kind == WAIT && next->stream->done < next->position)
                break;
            run_next(s);
        }
}

static void put(Stream *stream, Operation operation)
{
    if (stream->queued == stream->capacity) {
        stream->capacity = stream->capacity ? 2 * stream->capacity : 64;
        stream->operations = realloc(stream->operations, stream->capacity * sizeof operation);
    }
    stream->operations[stream->queued++] = operation;
}

static uint64_t pending(void)
{
    uint64_t count = 0;
    for (Stream *s = streams; s; s = s->next)
        count += s->queued - s->done;
    return count;
}

static Stream *stream_of(void *handle)
{
    for (Stream *s = streams; s; s = s->next)
        if (s == handle && s->live)
            return s;
    return NULL;
}

/* --- what every call does -------------------------------------------------------------------- */

static int entered(const char *name, int needs_context)
{
    pthread_mutex_lock(&lock);
    if (sticky)
        return sticky;
    if (failing[0] && !strcmp(failing, name) && fail_after-- == 0)
        return sticky = fail_code;
    if (!initialized)
        return NOT_INITIALIZED;
    if (needs_context && !stack)
        return INVALID_CONTEXT;
    return SUCCESS;
}

static int left(int result)
{
    pthread_mutex_unlock(&lock);
    return result;
}

#define ENTER(needs_context)                                  \
    do {                                                      \
        int refused = entered(__func__, needs_context);       \
        if (refused)                                          \
            return left(refused);                             \
    } while (0)
#define REFUSE_IF(condition, code) \
    do {                           \
        if (condition)             \
            return left(code);     \
    } while (0)

/* --- driver and device ----------------------------------------------------------------------- */

int cuInit(unsigned flags)
{
    (void)flags;
    initialized = 1;
    return SUCCESS;
}

int cuDriverGetVersion(int *version)
{
    *version = 13000;
    return SUCCESS;
}

int cuDeviceGetCount(int *count)
{
    ENTER(0);
    *count = 1;
    return left(SUCCESS);
}

int cuDeviceGet(int *device, int ordinal)
{
    ENTER(0);
    REFUSE_IF(ordinal, INVALID_DEVICE);
    *device = ordinal;
    return left(SUCCESS);
}

int cuDeviceGetName(char *name, int size, int device)
{
    ENTER(0);
    (void)device;
    snprintf(name, size, "Fake GPU");
    return left(SUCCESS);
}

int cuDeviceComputeCapability(int *major, int *minor, int device)
{
    ENTER(0);
    (void)device;
    *major = 8;
    *minor = 9;
    return left(SUCCESS);
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    ENTER(0);
    (void)device;
    *bytes = memory_total;
    return left(SUCCESS);
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    ENTER(0);
    (void)device;
    switch (attribute) {
    case 13: *value = 2520000; break; /* clock, kHz */
    case 16: *value = 128; break;     /* multiprocessors */
    case 36: *value = 10501000; break; /* memory clock, kHz */
    case 37: *value = 384; break;     /* bits of the memory bus */
    default: return left(INVALID_VALUE);
    }
    return left(SUCCESS);
}

/* --- context --------------------------------------------------------------------------------- */

int cuDevicePrimaryCtxRetain(void **context, int device)
{
    ENTER(0);
    (void)device;
    retained++;
    *context = &primary;
    return left(SUCCESS);
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
    pthread_mutex_lock(&lock);
    (void)device;
    REFUSE_IF(sticky == UNKNOWN, UNKNOWN);
    REFUSE_IF(!retained, INVALID_CONTEXT);
    if (!--retained && (live_streams || live_events || live_device || live_pinned))
        violation("the context was released before what lives in it");
    return left(SUCCESS);
}

int cuCtxPushCurrent_v2(void *context)
{
    ENTER(0);
    REFUSE_IF(context != &primary || !retained, INVALID_CONTEXT);
    stack++;
    return left(SUCCESS);
}

int cuCtxPopCurrent_v2(void **context)
{
    pthread_mutex_lock(&lock);
    REFUSE_IF(sticky == UNKNOWN, UNKNOWN);
    REFUSE_IF(!stack, INVALID_CONTEXT);
    stack--;
    *context = &primary;
    return left(SUCCESS);
}

int cuCtxGetCurrent(void **context)
{
    *context = stack ? &primary : NULL;
    return SUCCESS;
}

int cuCtxGetDevice(int *device)
{
    ENTER(1);
    *device = 0;
    return left(SUCCESS);
}

/* --- streams and events ---------------------------------------------------------------------- */

int cuStreamCreate(void **stream, unsigned flags)
{
    ENTER(1);
    if (!(flags & 1))
        violation("a stream waits for the legacy stream");
    Stream *made = calloc(1, sizeof *made);
    made->live = 1;
    made->next = streams;
    *stream = streams = made;
    live_streams++;
    return left(SUCCESS);
}

int cuStreamDestroy_v2(void *handle)
{
    pthread_mutex_lock(&lock);
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream || !stack, INVALID_HANDLE);
    if (stream->done < stream->queued)
        violation("a stream was destroyed with work on it");
    stream->live = 0;
    live_streams--;
    return left(SUCCESS);
}

int cuStreamSynchronize(void *handle)
{
    ENTER(1);
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream, INVALID_HANDLE);
    run_until(stream, stream->queued);
    return left(SUCCESS);
}

int cuStreamQuery(void *handle)
{
    ENTER(1);
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream, INVALID_HANDLE);
    run_some();
    return left(stream->done < stream->queued ? NOT_READY : SUCCESS);
}

int cuStreamWaitEvent(void *handle, Event *event, unsigned flags)
{
    ENTER(1);
    (void)flags;
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream || !event->live, INVALID_HANDLE);
    if (event->stream)
        put(stream, (Operation){.kind = WAIT, .stream = event->stream, .position = event->position});
    run_some();
    return left(SUCCESS);
}

int cuEventCreate(Event **event, unsigned flags)
{
    ENTER(1);
    *event = calloc(1, sizeof **event);
    (*event)->live = 1;
    (*event)->timed = !(flags & DISABLE_TIMING);
    live_events++;
    return left(SUCCESS);
}

int cuEventDestroy_v2(Event *event)
{
    pthread_mutex_lock(&lock);
    REFUSE_IF(!event->live || !stack, INVALID_HANDLE);
    event->live = 0;
    live_events--;
    return left(SUCCESS);
}

int cuEventRecord(Event *event, void *handle)
{
    ENTER(1);
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream || !event->live, INVALID_HANDLE);
    put(stream, (Operation){.kind = RECORD, .event = event});
    event->stream = stream;
    event->position = stream->queued;
    run_some();
    return left(SUCCESS);
}

int cuEventSynchronize(Event *event)
{
    ENTER(1);
    REFUSE_IF(!event->live, INVALID_HANDLE);
    if (event->stream)
        run_until(event->stream, event->position);
    return left(SUCCESS);
}

int cuEventQuery(Event *event)
{
    ENTER(1);
    REFUSE_IF(!event->live, INVALID_HANDLE);
    run_some();
    return left(event->stream && event->stream->done < event->position ? NOT_READY : SUCCESS);
}

int cuEventElapsedTime_v2(float *milliseconds, Event *start, Event *end)
{
    ENTER(1);
    REFUSE_IF(!start->timed || !end->timed || !start->stream || !end->stream, INVALID_HANDLE);
    REFUSE_IF(end->stream->done < end->position, NOT_READY);
    *milliseconds = 1e3 * (end->seconds - start->seconds);
    return left(SUCCESS);
}

int cuEventElapsedTime(float *milliseconds, Event *start, Event *end)
{
    return cuEventElapsedTime_v2(milliseconds, start, end);
}

/* --- memory ---------------------------------------------------------------------------------- */

static char *allocate(size_t size, int on_device)
{
    Memory *made = calloc(1, sizeof *made);
    made->start = aligned_alloc(256, (size + 255) / 256 * 256);
    memset(made->start, 0xA5, size); /* not what anyone could hope for */
    made->size = size;
    made->on_device = on_device;
    made->live = 1;
    made->next = memories;
    memories = made;
    return made->start;
}

static int release(void *address, int on_device)
{
    for (Memory *m = memories; m; m = m->next)
        if (m->start == address && m->live && m->on_device == on_device) {
            if (pending())
                violation("memory was freed while %d operations were pending", (int)pending());
            m->live = 0;
            memset(m->start, 0xDD, m->size);
            *(on_device ? &live_device : &live_pinned) -= 1;
            if (on_device)
                memory_used -= m->size;
            return SUCCESS;
        }
    return INVALID_VALUE;
}

int cuMemGetInfo_v2(size_t *available, size_t *total)
{
    ENTER(1);
    *available = memory_total - memory_used;
    *total = memory_total;
    return left(SUCCESS);
}

int cuMemAlloc_v2(void **address, size_t size)
{
    ENTER(1);
    REFUSE_IF(!size, INVALID_VALUE);
    REFUSE_IF(size > memory_total - memory_used, OUT_OF_MEMORY);
    *address = allocate(size, 1);
    memory_used += size;
    live_device++;
    return left(SUCCESS);
}

int cuMemFree_v2(void *address)
{
    pthread_mutex_lock(&lock);
    REFUSE_IF(!stack, INVALID_CONTEXT);
    return left(release(address, 1));
}

int cuMemHostAlloc(void **address, size_t size, unsigned flags)
{
    ENTER(1);
    *address = allocate(size, 0);
    write_combined += !!(flags & WRITE_COMBINED);
    live_pinned++;
    return left(SUCCESS);
}

int cuMemFreeHost(void *address)
{
    pthread_mutex_lock(&lock);
    REFUSE_IF(!stack, INVALID_CONTEXT);
    return left(release(address, 0));
}

static int copy(void *to, const void *from, size_t size, int to_device, void *handle)
{
    Stream *stream = stream_of(handle);
    if (!stream)
        return INVALID_HANDLE;
    if (!memory_of(to_device ? to : from, size, 1))
        return INVALID_VALUE;
    if (!memory_of(to_device ? from : to, size, 0))
        violation("an asynchronous copy uses memory that is not page-locked");
    put(stream, (Operation){.kind = COPY, .to = to, .from = from, .size = size});
    run_some();
    return SUCCESS;
}

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t size, void *stream)
{
    ENTER(1);
    return left(copy(to, from, size, 1, stream));
}

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t size, void *stream)
{
    ENTER(1);
    return left(copy(to, from, size, 0, stream));
}

int cuLaunchHostFunc(void *handle, Function function, void *data)
{
    ENTER(1);
    Stream *stream = stream_of(handle);
    REFUSE_IF(!stream, INVALID_HANDLE);
    put(stream, (Operation){.kind = CALL, .function = function, .data = data});
    run_some();
    return left(SUCCESS);
}

/* --- words ----------------------------------------------------------------------------------- */

int cuGetErrorString(int code, const char **text)
{
    switch (code) {
    case OUT_OF_MEMORY: *text = "out of memory"; break;
    case INVALID_CONTEXT: *text = "invalid device context"; break;
    case INVALID_DEVICE: *text = "invalid device ordinal"; break;
    case 700: *text = "an illegal memory access was encountered"; break;
    default: *text = "error of the fake driver"; break;
    }
    return SUCCESS;
}

/* --- what only tests call -------------------------------------------------------------------- */

void fake_schedule(unsigned value) { seed = value; }
void fake_memory(size_t total) { memory_total = total; }
const char *fake_violations(void) { return violations; }
int fake_pending(void) { return (int)pending(); }

/* Whether size bytes from address are live device memory. */
int fake_on_device(const void *address, size_t size) { return memory_of(address, size, 1) != NULL; }

void fake_fail(const char *name, int after, int code)
{
    snprintf(failing, sizeof failing, "%s", name);
    fail_after = after;
    fail_code = code;
    sticky = 0;
}

/* Streams, events, device and pinned allocations that live; retained contexts; and how many
   write-combined allocations there have been. */
void fake_counts(int counts[6])
{
    int now[] = {live_streams, live_events, live_device, live_pinned, retained, write_combined};
    memcpy(counts, now, sizeof now);
}

/* Forget what is wrong, pending and still alive; keep the memory behind it. */
void fake_reset(void)
{
    violations[0] = failing[0] = 0;
    sticky = write_combined = 0;
    live_streams = live_events = live_device = live_pinned = retained = 0;
    memory_used = 0;
    memory_total = (size_t)8 << 30;
    seed = 0;
    for (Memory *m = memories; m; m = m->next)
        m->live = 0;
    for (Stream *s = streams; s; s = s->next)
        s->done = s->queued;
}
