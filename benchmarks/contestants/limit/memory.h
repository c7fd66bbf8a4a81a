/* Arrays that grow and stay for the next run, and sorting. */
#ifndef LIMIT_MEMORY_H
#define LIMIT_MEMORY_H

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    void *data;
    size_t bytes;
} Store;

enum { STORES = 256, LINE_BYTES = 64 };

/* Every array of a run comes from the next store; a second run finds them large enough. */
static Store stores[STORES];
static int stores_used;
static jmp_buf out_of_memory;

/* Make sure that a store holds n elements; what it held is kept. */
static void *hold(Store *store, int64_t n, size_t size)
{
    const size_t bytes = (size_t)n * size;
    if (bytes > store->bytes || store->data == NULL) {
        const size_t larger = (bytes + bytes / 2) / LINE_BYTES * LINE_BYTES + LINE_BYTES;
        void *data = aligned_alloc(LINE_BYTES, larger);
        if (data == NULL)
            longjmp(out_of_memory, 1);
        if (store->bytes > 0)
            memcpy(data, store->data, store->bytes);
        free(store->data);
        *store = (Store){data, larger};
    }
    return store->data;
}

static Store *next_store(void)
{
    if (stores_used == STORES)
        longjmp(out_of_memory, 1);
    return &stores[stores_used++];
}

/* How many elements a store holds. */
static int64_t holds(const Store *store, size_t size)
{
    return (int64_t)(store->bytes / size);
}

/* An array of n elements of the type of a pointer, uninitialised. */
#define ROOM(pointer, n) ((pointer) = hold(next_store(), (n), sizeof *(pointer)))
/* The same, set to zero. */
#define ZEROS(pointer, n) memset(ROOM(pointer, n), 0, (size_t)(n) * sizeof *(pointer))

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

enum { MOST_DIGIT_BITS = 11 };

/* Sort keys by `bits` of their bits from `low` on, keeping the order of equal ones. */
static void sort_keys(uint64_t *restrict keys, uint64_t *restrict spare, int64_t n, int low,
                      int bits)
{
    const int passes = (bits + MOST_DIGIT_BITS - 1) / MOST_DIGIT_BITS;
    const int digit = (bits + passes - 1) / passes, size = 1 << digit;
    const uint64_t mask = (uint64_t)size - 1;
    uint64_t *from = keys, *to = spare;
    for (int pass = 0; pass < passes; pass++) {
        uint32_t place[1 << MOST_DIGIT_BITS];
        const int shift = low + pass * digit;
        memset(place, 0, (size_t)size * sizeof *place);
        for (int64_t i = 0; i < n; i++)
            place[from[i] >> shift & mask]++;
        for (uint32_t d = 0, before = 0; d < (uint32_t)size; d++) {
            const uint32_t count = place[d];
            place[d] = before;
            before += count;
        }
        for (int64_t i = 0; i < n; i++)
            to[place[from[i] >> shift & mask]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, (size_t)n * sizeof *keys);
}

/* The number of ascending moments that lie at or before one. */
static int64_t number_after(const int64_t *moments_s, int64_t n, int64_t at_s)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (moments_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The same for many moments: a table of slots leads close to the answer. */
typedef struct {
    const int64_t *moments_s;
    int32_t *first; /* how many lie before each slot */
    int64_t n, slots;
} Steps;

enum { SLOT_BITS = 16 };

static Steps steps_of(const int64_t *moments_s, int64_t n, int64_t last_s)
{
    Steps steps = {.moments_s = moments_s, .n = n, .slots = (last_s >> SLOT_BITS) + 1};
    ROOM(steps.first, steps.slots);
    for (int64_t slot = 0; slot < steps.slots; slot++)
        steps.first[slot] = (int32_t)number_after(moments_s, n, (slot << SLOT_BITS) - 1);
    return steps;
}

/* The number of moments that lie at or before one from 0 to `last_s`. */
static inline int64_t steps_to(const Steps *steps, int64_t at_s)
{
    int64_t k = steps->first[at_s >> SLOT_BITS];
    while (k < steps->n && steps->moments_s[k] <= at_s)
        k++;
    return k;
}

static int bits_for(uint64_t value)
{
    int bits = 1;
    while (value >> bits)
        bits++;
    return bits;
}

#endif
