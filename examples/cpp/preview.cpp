// Keeps a small 8-bit picture of the newest frame in a file.  preview [PNG]
#include <arraywire/adapt/opencv.hpp>
#include <arraywire/arraywire.hpp>
#include <filesystem>
#include <iostream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

int main(int argc, char** argv) {
  const std::filesystem::path path = argc > 1 ? argv[1] : "preview.png";
  arraywire::Context context;
  arraywire::Subscriber denoised(context, "denoised", {.when_full = arraywire::WhenFull::Latest});
  while (auto sample = denoised.take()) {
    cv::Mat small, grey;
    cv::resize(arraywire::as_mat(sample->array()), small, {}, 0.5, 0.5, cv::INTER_AREA);
    small.convertTo(grey, CV_8U, 1.0 / 257);
    const std::string unfinished = path.string() + ".part.png";
    cv::imwrite(unfinished, grey);
    std::filesystem::rename(unfinished, path);  // whoever looks sees a whole picture
    std::cout << "frame " << sample->info().frame_id.value_or(0) << ", " << sample->info().missed_before << " skipped\n";
  }
}
