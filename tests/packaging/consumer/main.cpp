// Publishes an array to itself. Usage: consumer RUNTIME_DIRECTORY
#include <arraywire/arraywire.hpp>
#if __has_include(<xtensor/xadapt.hpp>)
#include <arraywire/adapt/xtensor.hpp>
#endif
#if __has_include(<opencv2/core/mat.hpp>)
#include <arraywire/adapt/opencv.hpp>
#endif
#if __has_include(<dlpack/dlpack.h>)
#include <arraywire/adapt/dlpack.hpp>
#endif

#include <cstdio>

int main(int, char** argv) {
  arraywire::Context context({.runtime_directory = argv[1]});
  try {
    const arraywire::Publisher refused(context, "not a name");
    return 1;
  } catch (const arraywire::Error& error) {  // thrown in the library, caught here by its type
    if (error.code() != arraywire::ErrorCode::InvalidArgument) return 2;
  }
  arraywire::Publisher publisher(context, "stream");
  arraywire::Subscriber subscriber(context, "stream");
  if (!publisher.wait_for_subscribers(1, std::chrono::seconds{60})) return 3;
  auto loan = publisher.loan({.dtype = arraywire::DType::Float32, .shape = {2, 3}});
  if (!loan) return 4;
  loan->array().values<float>()[5] = 1.5F;
  if (!publisher.publish(std::move(*loan))) return 5;
  const auto sample = subscriber.take(std::chrono::seconds{60});
  if (!sample) return 6;
  std::printf("%s %.1f\n", to_string(sample->array().spec()).c_str(), double{sample->array().values<float>()[5]});
  return 0;
}
