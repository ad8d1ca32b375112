// Swift cannot call C's variadic functions: one typed wrapper for each kind of argument.
#pragma once
#include <curl/curl.h>

typedef size_t (*towline_curl_write)(char *data, size_t size, size_t count, void *context);
typedef int (*towline_curl_progress)(void *context, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);

typedef int (*towline_curl_socket)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline CURLcode towline_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_blob(CURL *handle, CURLoption option, void *data, size_t length) {
    struct curl_blob blob = {data, length, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}
static inline CURLcode towline_curl_set_write(CURL *handle, CURLoption option, towline_curl_write value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_set_socket(CURL *handle, CURLoption option, towline_curl_socket value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode towline_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode towline_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLMcode towline_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}
