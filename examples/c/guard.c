/* A guard in C: what outputs look like when all is well, the hook, and the alerts.
 *
 *     cargo build --release
 *     cc examples/c/guard.c -Iinclude -Ltarget/release -lfluxguard -o guard
 *     LD_LIBRARY_PATH=target/release ./guard
 */

#include <stdio.h>
#include <stdlib.h>

#include "fluxguard.h"

enum { FEATURES = 3, REFERENCE = 2000, BATCH = 100 };

/* A number from -1 to 1 with its weight in the middle: the mean of three. */
static double noise(void) {
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        sum += 2.0 * rand() / RAND_MAX - 1;
    }
    return sum / 3;
}

static void outputs(double *out, size_t observations, double shift) {
    for (size_t i = 0; i < FEATURES * observations; i++) {
        out[i] = noise() + shift;
    }
}

/* Makes an operation that must not fail. */
static FgAnswer call(const char *operation, const char *options, const FgHandle *handle, const FgArray *array) {
    FgRequest request = {.operation = operation, .options = options};
    if (handle != NULL) {
        request.handles = &handle;
        request.handle_count = 1;
    }
    if (array != NULL) {
        request.arrays = array;
        request.array_count = 1;
    }
    FgAnswer answer;
    if (fg_call(&request, &answer) != 0) {
        fprintf(stderr, "%s: %.*s\n", operation, (int)answer.len, (const char *)answer.bytes);
        exit(1);
    }
    return answer;
}

static void print(const char *operation, const char *options, const FgHandle *handle) {
    FgAnswer answer = call(operation, options, handle, NULL);
    printf("%s %.*s\n", operation, (int)answer.len, (const char *)answer.bytes);
    fg_free_bytes(answer.bytes, answer.len);
}

int main(void) {
    if (fg_abi_version() != FG_ABI_VERSION) {
        fprintf(stderr, "the library speaks version %d, this program %d\n", fg_abi_version(), FG_ABI_VERSION);
        return 1;
    }
    static double x[FEATURES * REFERENCE];
    srand(1);
    outputs(x, REFERENCE, 0);
    FgHandle *profile = call("profile.new", "{\"output\": \"values\"}", NULL, NULL).handle;
    FgArray reference = {.name = "reference", .data = x, .len = FEATURES * REFERENCE, .observations = REFERENCE, .dtype = FG_FLOAT64};
    call("profile.fit", NULL, profile, &reference);
    FgHandle *guard = call("guard.new", "{\"name\": \"scores\", \"window\": {\"observations\": 500}}", profile, NULL).handle;
    fg_free(&profile);

    for (int batch = 0; batch < 20; batch++) {
        outputs(x, BATCH, batch < 10 ? 0 : 0.5); /* after ten batches something has changed */
        if (fg_guard_observe(guard, FG_FLOAT64, x, FEATURES * BATCH, BATCH, 1) < 0) {
            FgAnswer error;
            fg_last_error(&error);
            fprintf(stderr, "%.*s\n", (int)error.len, (const char *)error.bytes);
            return 1;
        }
    }
    int64_t ticket = call("guard.flush", "{\"close\": true}", guard, NULL).number;
    char wait[64];
    snprintf(wait, sizeof wait, "{\"ticket\": %lld, \"milliseconds\": 100}", (long long)ticket);
    while (call("guard.wait", wait, guard, NULL).number == 0) {
    }
    print("guard.counters", NULL, guard);
    print("guard.alerts", "{\"after\": 0}", guard);
    fg_free(&guard);
    return 0;
}
