/* A stand-in for the driver's library libnvidia-ml.so.1: one GPU, and what the file in $NVML_ANSWERS says, read anew at
   every question. Its lines:

       init CODE          what nvmlInit returns (0 where there is no such line)
       gpu CODE           what every question about the GPU returns
       named NAME BYTES   every process of this machine that is named so (prctl PR_SET_NAME) holds so much
*/
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };
#define UUID "GPU-5eed0000-0000-0000-0000-000000000000"

typedef struct {
    unsigned pid;
    unsigned long long bytes;
    unsigned gpu_instance, compute_instance;
} process_t;

static int code_of(const char *word) {
    char line[256], pattern[32];
    int code = SUCCESS;
    FILE *file = fopen(getenv("NVML_ANSWERS"), "r");
    snprintf(pattern, sizeof pattern, "%s %%d", word);
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, word, strlen(word)))
            sscanf(line, pattern, &code);
    if (file)
        fclose(file);
    return code;
}

static int is_named(unsigned pid, const char *name) {
    char path[32], found[32] = "";
    snprintf(path, sizeof path, "/proc/%u/comm", pid);
    FILE *file = fopen(path, "r");
    if (file && fgets(found, sizeof found, file))
        found[strcspn(found, "\n")] = 0;
    if (file)
        fclose(file);
    return !strcmp(found, name);
}

static void add(process_t *list, unsigned room, unsigned *count, unsigned pid, unsigned long long bytes) {
    if (list && *count < room)
        list[*count] = (process_t){pid, bytes, ~0u, ~0u};
    ++*count;
}

static unsigned processes(process_t *list, unsigned room) {
    char line[256], name[16];
    unsigned count = 0, pid;
    unsigned long long bytes;
    FILE *file = fopen(getenv("NVML_ANSWERS"), "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "named %15s %llu", name, &bytes) == 2) {
            DIR *proc = opendir("/proc");
            for (struct dirent *entry; proc && (entry = readdir(proc));)
                if ((pid = (unsigned)atoi(entry->d_name)) && is_named(pid, name))
                    add(list, room, &count, pid, bytes);
            if (proc)
                closedir(proc);
        }
    }
    if (file)
        fclose(file);
    return count;
}

int nvmlInitWithFlags(unsigned flags) { return (void)flags, code_of("init"); }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { return *count = 1, SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = UUID;
    return index ? INVALID_ARGUMENT : code_of("gpu");
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    *device = UUID;
    return strcmp(uuid, UUID) ? NOT_FOUND : code_of("gpu");
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length) {
    snprintf(uuid, length, "%s", (char *)device);
    return code_of("gpu");
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, process_t *list) {
    (void)device;
    unsigned room = *count;
    *count = processes(list, room);
    if (code_of("gpu"))
        return code_of("gpu");
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *count, process_t *list) {
    (void)device, (void)list;
    *count = 0;
    return code_of("gpu");
}
