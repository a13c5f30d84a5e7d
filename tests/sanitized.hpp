// Whether this program is built with ASan or TSan, by g++ or clang: their own memory and address space cannot be measured away.
#pragma once

#if !defined(__has_feature)
#define __has_feature(name) 0  // clang's
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = kThreadSanitized;
#endif
