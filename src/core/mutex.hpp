// A mutex that clang's thread-safety analysis understands (-Wthread-safety).
#pragma once

#include <mutex>

#if defined(__clang__)
#define ARRAYWIRE_TSA(x) __attribute__((x))
#else
#define ARRAYWIRE_TSA(x)
#endif
#define GUARDED_BY(m) ARRAYWIRE_TSA(guarded_by(m))
#define REQUIRES(m) ARRAYWIRE_TSA(requires_capability(m))
#define EXCLUDES(m) ARRAYWIRE_TSA(locks_excluded(m))

namespace arraywire {

class ARRAYWIRE_TSA(capability("mutex")) Mutex {
 public:
  void lock() ARRAYWIRE_TSA(acquire_capability()) { mutex_.lock(); }
  void unlock() ARRAYWIRE_TSA(release_capability()) { mutex_.unlock(); }
  bool try_lock() ARRAYWIRE_TSA(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class ARRAYWIRE_TSA(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) ARRAYWIRE_TSA(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() ARRAYWIRE_TSA(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace arraywire
