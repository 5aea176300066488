/* FluxGuard's C ABI: drift, anomalies, performance and differential privacy for any language that can call C.
 *
 * One call makes any operation, by its name:
 *
 *     FgArray arrays[] = {{"reference", x, 3000, 1000, FG_FLOAT64}, {"current", y, 300, 100, FG_FLOAT64}};
 *     FgRequest request = {.operation = "drift.compare", .options = "{\"tests\": [\"ks\"]}", .arrays = arrays, .array_count = 2};
 *     FgAnswer answer;
 *     int code = fg_call(&request, &answer);       // 0, or minus the code of an error
 *     printf("%.*s\n", (int)answer.len, answer.bytes);   // JSON, or the error's message
 *     fg_free_bytes(answer.bytes, answer.len);
 *
 * `library.operations` names all operations; docs/c.md lists them with what they take. Options are JSON with the names that the
 * command line and Julia have, too. An array is features x observations, column-major: the features of one observation lie next to
 * each other. Nothing that is passed is kept; what is answered is the caller's.
 *
 * Threads: any thread may make any call, on the same handle, too. A child of fork may make guards of its own; its parent's refuse.
 * The caller's duty: pointers that are readable (or writable) as declared during the call, and handles that live.
 */

#ifndef FLUXGUARD_H
#define FLUXGUARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What fg_abi_version gives for this header. */
#define FG_ABI_VERSION 3

/* Element types of arrays. */
#define FG_FLOAT16 1
#define FG_FLOAT32 2
#define FG_FLOAT64 3
#define FG_UINT8 4
#define FG_UINT32 5
#define FG_UINT64 6
#define FG_INT64 7
/* Or-ed to the type: of an array that the caller had to copy before fg_guard_observe (it is counted), and of one that is written. */
#define FG_COPIED 256
#define FG_WRITABLE 512

/* Something of the library's: a profile, a guard, a detector ... */
typedef struct FgHandle FgHandle;

typedef struct FgArray {
    const char *name;    /* by which the operation asks for it */
    void *data;          /* the first element; not written unless FG_WRITABLE */
    size_t len;          /* elements */
    size_t observations; /* length of the last dimension; of a vector: len */
    int32_t dtype;       /* FG_FLOAT64, ... */
} FgArray;

typedef struct FgRequest {
    const char *operation;
    const char *options; /* JSON, or NULL */
    const FgHandle *const *handles;
    size_t handle_count;
    const FgArray *arrays;
    size_t array_count;
    /* NULL, or what is not 0 from the moment on that the caller wants to leave: a long call then ends with -600 within
     * milliseconds, and has changed nothing. */
    const int32_t *interrupt;
} FgRequest;

typedef struct FgAnswer {
    int64_t number;
    uint8_t *bytes; /* JSON, a file's bytes, int64_t numbers, or an error's message; not ended by 0. Give it back to fg_free_bytes. */
    size_t len;
    FgHandle *handle; /* something new, or NULL. Give it back to fg_free. */
} FgAnswer;

int32_t fg_abi_version(void);

/* Makes an operation. Returns 0, or minus the code of an error. */
int32_t fg_call(const FgRequest *request, FgAnswer *answer);

void fg_free_bytes(uint8_t *bytes, size_t len);

/* Frees *handle and puts NULL there. Never waits: an open guard is closed, and what it observed tested, in the background. */
void fg_free(FgHandle **handle);

/* The calls that are counted in nanoseconds. Each returns 0 or more, or minus the code of an error, whose message fg_last_error then has on
 * the same thread. */

/* The hook of a model: takes in outputs, and returns how many observations are anomalous. `caller` names the task that asks. */
int64_t fg_guard_observe(const FgHandle *guard, int32_t dtype, const void *data, size_t len, size_t observations, uint64_t caller);

/* Has the worker call function(data), from its own thread, after it published alerts; NULL ends that, and returns when no call is under
 * way. */
int64_t fg_guard_wake(const FgHandle *guard, int32_t (*function)(void *), void *data);

/* Writes a score per observation; higher is more anomalous. out_len is the observations. */
int64_t fg_detector_score(const FgHandle *detector, int32_t dtype, const void *data, size_t len, size_t observations, double *out,
                          size_t out_len, const int32_t *interrupt);

/* Takes in the next values; writes to `fired`, which has room for `len`, where (from 0, over the whole stream) it fired, and returns how
 * often. */
int64_t fg_online_update(const FgHandle *detector, int32_t dtype, const void *data, size_t len, uint64_t *fired,
                         const int32_t *interrupt);

/* Writes five numbers per feature: mean, standard deviation, smallest, largest, and how many are not finite. */
int64_t fg_moments(int32_t dtype, const void *data, size_t len, size_t observations, double *out, size_t out_len);

/* The message of this thread's last error in a call above, in answer->bytes. */
void fg_last_error(FgAnswer *answer);

#ifdef __cplusplus
}
#endif

#endif
