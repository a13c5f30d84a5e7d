// A 3x3 median: from the received memory straight into the memory that is sent on.
#include <arraywire/adapt/opencv.hpp>
#include <arraywire/arraywire.hpp>
#include <opencv2/imgproc.hpp>

int main() {
  arraywire::Context context;
  arraywire::Subscriber camera(context, "camera");
  arraywire::Publisher denoised(context, "denoised", {.block_limit = arraywire::kForever, .linger = arraywire::kForever});
  denoised.wait_for_subscribers(2);
  while (auto sample = camera.take()) {
    auto loan = denoised.loan(sample->array().spec(), arraywire::kForever);
    if (!loan) return 1;
    const cv::Mat image = arraywire::as_mat(loan->array());  // const: OpenCV then writes in place or throws
    cv::medianBlur(arraywire::as_mat(sample->array()), image, 3);
    if (!denoised.publish(std::move(*loan), sample->info())) return 1;  // its frame number and times go with it
  }
}
