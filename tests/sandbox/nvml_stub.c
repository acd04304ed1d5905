/* A stand-in for the driver's library libnvidia-ml.so.1: two GPUs, and what the file in $NVML_ANSWERS says, read anew at
   every question. Its lines:

       init CODE          what nvmlInit returns (0 where there is no such line)
       gpu CODE           what every question about any GPU returns
       gpu0 CODE          what every question about the first GPU returns (gpu1: the second)
       divided COUNT      the first GPU is in MIG mode and has so many instances (at most 3)
       total MIB          video memory of a GPU, or of an instance (16384 where there is no such line)
       named NAME BYTES   every process of this machine that is named so (prctl PR_SET_NAME) holds so much
*/
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, GPUS = 2, INSTANCES = 3 };

typedef struct {
    int gpu;
    char uuid[48];
} device_t;

static device_t devices[] = {
    {0, "GPU-5eed0000-0000-0000-0000-000000000000"}, {1, "GPU-5eed0001-0000-0000-0000-000000000000"},
    {0, "MIG-5eed0000-0000-0000-0000-000000000000"}, {0, "MIG-5eed0000-0000-0000-0000-000000000001"},
    {0, "MIG-5eed0000-0000-0000-0000-000000000002"},
};

typedef struct {
    unsigned pid;
    unsigned long long bytes;
    unsigned gpu_instance, compute_instance;
} process_t;

typedef struct {
    unsigned long long total, free, used;
} memory_t;

static int number_after(const char *word, int otherwise) {
    char line[256], first[32];
    int number = otherwise, found;
    FILE *file = fopen(getenv("NVML_ANSWERS"), "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%31s %d", first, &found) == 2 && !strcmp(first, word))
            number = found;
    if (file)
        fclose(file);
    return number;
}

static int code_of(const device_t *device) {
    char own[] = {'g', 'p', 'u', (char)('0' + device->gpu), 0};
    return number_after(own, number_after("gpu", SUCCESS));
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

int nvmlInitWithFlags(unsigned flags) { return (void)flags, number_after("init", SUCCESS); }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { return *count = GPUS, SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, device_t **device) {
    if (index >= GPUS)
        return INVALID_ARGUMENT;
    *device = devices + index;
    return code_of(*device);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, device_t **device) {
    for (int place = 0; place < GPUS + number_after("divided", 0); ++place)
        if (!strcmp(uuid, devices[place].uuid))
            return *device = devices + place, code_of(*device);
    return NOT_FOUND;
}

int nvmlDeviceGetUUID(const device_t *device, char *uuid, unsigned length) {
    snprintf(uuid, length, "%s", device->uuid);
    return code_of(device);
}

int nvmlDeviceGetMemoryInfo(const device_t *device, memory_t *memory) {
    *memory = (memory_t){(unsigned long long)number_after("total", 16384) << 20, 0, 0};
    return code_of(device);
}

int nvmlDeviceGetMigMode(const device_t *device, unsigned *now, unsigned *later) {
    *now = *later = !device->gpu && number_after("divided", -1) >= 0;
    return code_of(device);
}

int nvmlDeviceGetMaxMigDeviceCount(const device_t *device, unsigned *count) { return *count = INSTANCES, code_of(device); }

int nvmlDeviceGetMigDeviceHandleByIndex(const device_t *device, unsigned index, device_t **instance) {
    *instance = devices + GPUS + index;
    return (int)index < number_after("divided", 0) ? code_of(device) : NOT_FOUND;
}

int nvmlDeviceGetComputeRunningProcesses_v3(const device_t *device, unsigned *count, process_t *list) {
    unsigned room = *count;
    *count = processes(list, room);
    if (code_of(device))
        return code_of(device);
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(const device_t *device, unsigned *count, process_t *list) {
    (void)list;
    *count = 0;
    return device - devices < GPUS ? code_of(device) : INVALID_ARGUMENT;
}
