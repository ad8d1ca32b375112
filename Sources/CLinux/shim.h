// What glibc has and Swift's Glibc module hides.
#pragma once
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

// glibc declares these only under _GNU_SOURCE.
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

// The kernel's epoll_event is packed on x86-64, so its fields are read and written here.
static inline int towline_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, descriptor, &event);
}
static inline uint32_t towline_epoll_events(const struct epoll_event *list, int index) { return list[index].events; }
static inline uint64_t towline_epoll_token(const struct epoll_event *list, int index) { return list[index].data.u64; }

// Which module Swift takes for the owner of struct timespec depends on the order in which modules were built.
static inline void towline_time_of_day(int64_t *seconds, int64_t *nanoseconds) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    *seconds = time.tv_sec;
    *nanoseconds = time.tv_nsec;
}
