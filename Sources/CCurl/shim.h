// libcurl for Swift: curl_easy_setopt and curl_easy_getinfo are variadic C, which Swift cannot call. Each option
// kind gets one inline function of its own type.
#ifndef UNDERPAINT_CCURL_SHIM_H
#define UNDERPAINT_CCURL_SHIM_H

#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "Underpaint needs libcurl 7.87 or newer (CURLOPT_QUICK_EXIT)"
#endif

/// Receives `count` bytes; returns how many it took, anything else aborts the transfer.
typedef size_t (*ccurl_write_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_setopt_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_setopt_off(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// The string is copied by libcurl, except for CURLOPT_POSTFIELDS, which this project does not use.
static inline CURLcode ccurl_setopt_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_WRITEDATA, CURLOPT_ERRORBUFFER, CURLOPT_PRIVATE; the pointer must live as long as the handle.
static inline CURLcode ccurl_setopt_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// Copies `count` bytes as the request's body; set CURLOPT_POSTFIELDSIZE_LARGE first.
static inline CURLcode ccurl_setopt_copied_body(CURL *handle, const void *bytes) {
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

static inline CURLcode ccurl_setopt_headers(CURL *handle, struct curl_slist *headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

static inline CURLcode ccurl_setopt_write(CURL *handle, ccurl_write_callback callback) {
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
}

static inline CURLcode ccurl_getinfo_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode ccurl_getinfo_off(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// The string belongs to the handle.
static inline CURLcode ccurl_getinfo_string(CURL *handle, CURLINFO info, const char **value) {
    char *string = NULL;
    CURLcode code = curl_easy_getinfo(handle, info, &string);
    *value = string;
    return code;
}

/// How the one finished transfer of a multi handle ended: 1 and its code, or 0 while it goes on.
static inline int ccurl_multi_finished(CURLM *multi, CURLcode *code) {
    int waiting = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &waiting)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return 1;
        }
    }
    return 0;
}

#endif
