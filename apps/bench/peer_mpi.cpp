// Open MPI, ranks of one job on one host (mpirun, pml ob1 over btl vader), in the two ways that it has there.
//
// peer/mpi: persistent requests for what is sent again and again (MPI 3.1, 3.9; Open MPI's FAQ on shared memory: "What is the
// vader BTL?"), kBuffers of them at each end, receives posted ahead. vader copies a big message once, out of the sender's
// memory by process_vm_readv.
// peer/mpi_window: a window of shared memory, MPI_Win_allocate_shared (MPI 3.1, 11.2.3), that all ranks read and write in place;
// which part of it is whose is told by small messages.
//
// MPI waits by polling: a rank keeps a processor busy while it waits for a frame, as its documentation says.
#include "frame.hpp"
#include "mpi_ranks.hpp"
#include "peer_main.hpp"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

namespace {

constexpr int kProducer = 0;

void check(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  ::MPI_Error_string(result, text.data(), &length);
  throw std::runtime_error(std::string(what) + ": " + text.data());
}

int own_rank() {
  int rank = 0;
  check(::MPI_Comm_rank(MPI_COMM_WORLD, &rank), "ask for the rank");
  return rank;
}

// Frames go from the producer to all consumers, answers from a consumer to the producer.
std::vector<int> receiving_ranks(const LinkSetup& setup) {
  if (own_rank() != kProducer) return {kProducer};
  std::vector<int> ranks;
  for (std::size_t i = 0; i < setup.receivers; ++i) ranks.push_back(1 + static_cast<int>(i));
  return ranks;
}

int sending_rank() { return own_rank() == kProducer ? 1 : kProducer; }

enum class Tag : int { Frame, Done };

int tag(const LinkSetup& setup, Tag what) { return (setup.channel == "answers" ? 2 : 0) + static_cast<int>(what); }

// mpirun, once.
std::vector<pid_t> daemons_of(const LinkSetup& setup) {
  return setup.channel == "answers" ? std::vector<pid_t>() : std::vector<pid_t>{::getppid()};
}

// Whether a receiver copies out of the sender's memory by itself. Otherwise (process_vm_readv is not allowed, as in some
// containers) a message goes over piece by piece, for which the sender has to be within MPI.
bool receivers_copy() {
  constexpr char kVariable[] = "btl_vader_single_copy_mechanism";
  constexpr std::array kByThemselves{0, 1, 2};  // xpmem, CMA, KNEM
  int provided = 0;
  int index = 0;
  int count = 0;
  int mechanism = -1;
  MPI_T_cvar_handle handle = nullptr;
  check(::MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), "ask about MPI");
  if (::MPI_T_cvar_get_index(kVariable, &index) == MPI_SUCCESS &&
      ::MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) == MPI_SUCCESS) {
    ::MPI_T_cvar_read(handle, &mechanism);
    ::MPI_T_cvar_handle_free(&handle);
  }
  ::MPI_T_finalize();
  return std::ranges::find(kByThemselves, mechanism) != kByThemselves.end();
}

// A buffer with the persistent requests that send it or fill it.
class Persistent {
 public:
  explicit Persistent(std::size_t bytes) : buffer_(bytes) {}
  ~Persistent() {
    for (MPI_Request& request : requests_) ::MPI_Request_free(&request);
  }
  Persistent(const Persistent&) = delete;
  Persistent& operator=(const Persistent&) = delete;

  std::span<std::byte> bytes() const noexcept { return buffer_.bytes(); }
  void send_to(int rank, int with_tag) { add(::MPI_Send_init, rank, with_tag); }
  void receive_from(int rank, int with_tag) { add(::MPI_Recv_init, rank, with_tag); }
  void start() { check(::MPI_Startall(count(), requests_.data()), "start"); }
  void wait() { check(::MPI_Waitall(count(), requests_.data(), MPI_STATUSES_IGNORE), "wait"); }
  // Of a receive that nothing is sent for.
  void cancel() {
    for (MPI_Request& request : requests_) ::MPI_Cancel(&request);
    ::MPI_Waitall(count(), requests_.data(), MPI_STATUSES_IGNORE);
  }

 private:
  template <typename Init> void add(Init init, int rank, int with_tag) {
    MPI_Request request = MPI_REQUEST_NULL;
    const auto size = static_cast<int>(buffer_.bytes().size());
    check(init(buffer_.bytes().data(), size, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, &request), "make a request");
    requests_.push_back(request);
  }
  int count() const noexcept { return static_cast<int>(requests_.size()); }

  WarmBuffer buffer_;
  std::vector<MPI_Request> requests_{};
};

class MpiSender : public FrameSender {
 public:
  explicit MpiSender(const LinkSetup& setup) : daemons_(daemons_of(setup)) {
    for (std::size_t i = 0; i < kBuffers; ++i) {
      Persistent& buffer = buffers_.emplace_back(setup.frame_bytes);
      for (const int rank : receiving_ranks(setup)) buffer.send_to(rank, tag(setup, Tag::Frame));
    }
    next_ = buffers_.begin();
  }

  void wait_for_receivers() override {}  // MPI_Init has

  std::span<std::byte> room() override {
    next_->wait();
    return next_->bytes();
  }

  void send() override {
    next_->start();
    if (!receivers_copy_) next_->wait();
    if (++next_ == buffers_.end()) next_ = buffers_.begin();
  }

  std::vector<pid_t> daemons() const override { return daemons_; }

 private:
  const std::vector<pid_t> daemons_;
  const bool receivers_copy_ = receivers_copy();
  std::list<Persistent> buffers_{};
  std::list<Persistent>::iterator next_{};
};

class MpiReceiver : public FrameReceiver {
 public:
  explicit MpiReceiver(const LinkSetup& setup) {
    for (std::size_t i = 0; i < kBuffers; ++i) {
      Persistent& buffer = buffers_.emplace_back(setup.frame_bytes);
      buffer.receive_from(sending_rank(), tag(setup, Tag::Frame));
      buffer.start();
    }
    next_ = buffers_.begin();
  }
  ~MpiReceiver() override {
    for (Persistent& buffer : buffers_) buffer.cancel();
  }

  std::span<const std::byte> receive() override {
    next_->wait();
    return next_->bytes();
  }

  void release() override {
    next_->start();
    if (++next_ == buffers_.end()) next_ = buffers_.begin();
  }

 private:
  std::list<Persistent> buffers_{};
  std::list<Persistent>::iterator next_{};
};

// Memory that every rank maps: of each rank, as much as the frames need that it sends.
class Window {
 public:
  // Collective.
  Window(std::size_t frame_bytes, int rank) {
    const auto slot = rank == kProducer ? frame_bytes : kAnswerBytes;
    MPI_Info info = MPI_INFO_NULL;
    check(::MPI_Info_create(&info), "make an info");
    check(::MPI_Info_set(info, "alloc_shared_noncontig", "true"), "set an info");  // every rank's begins at a page
    void* own = nullptr;
    check(::MPI_Win_allocate_shared(static_cast<MPI_Aint>(kBuffers * slot), 1, info, MPI_COMM_WORLD, &own, &window_),
          "allocate a shared window");
    check(::MPI_Info_free(&info), "free an info");
    check(::MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "lock the window");  // loads and stores, all the time
  }
  ~Window() {
    ::MPI_Win_unlock_all(window_);
    ::MPI_Win_free(&window_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  std::byte* memory_of(int rank) const {
    MPI_Aint bytes = 0;
    int unit = 0;
    std::byte* memory = nullptr;
    check(::MPI_Win_shared_query(window_, rank, &bytes, &unit, &memory), "ask for shared memory");
    return memory;
  }
  // Before telling of what was written, and after being told.
  void sync() const { check(::MPI_Win_sync(window_), "synchronise the window"); }

 private:
  static constexpr std::size_t kAnswerBytes = kSmallestFrameBytes;

  MPI_Win window_ = MPI_WIN_NULL;
};

// A message says by its number alone that there is, or that one is done with, one frame more.
void tell(int rank, int with_tag) {
  check(::MPI_Send(nullptr, 0, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD), "tell another rank");
}

int be_told(int rank, int with_tag) {
  MPI_Status status;
  check(::MPI_Recv(nullptr, 0, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, &status), "be told");
  return status.MPI_SOURCE;
}

class WindowSender : public FrameSender {
 public:
  WindowSender(const LinkSetup& setup, const Window& window)
      : frame_bytes_(setup.frame_bytes),
        daemons_(daemons_of(setup)),
        window_(window),
        memory_(window.memory_of(own_rank())),
        receivers_(receiving_ranks(setup)),
        done_(receivers_.size()),
        frame_tag_(tag(setup, Tag::Frame)),
        done_tag_(tag(setup, Tag::Done)) {}

  void wait_for_receivers() override {}  // MPI_Init has

  std::span<std::byte> room() override {
    while (sent_ - *std::ranges::min_element(done_) >= kBuffers) {
      const int rank = be_told(MPI_ANY_SOURCE, done_tag_);
      ++done_.at(static_cast<std::size_t>(std::ranges::find(receivers_, rank) - receivers_.begin()));
    }
    return {memory_ + sent_ % kBuffers * frame_bytes_, frame_bytes_};
  }

  void send() override {
    window_.sync();
    for (const int rank : receivers_) tell(rank, frame_tag_);
    ++sent_;
  }

  std::vector<pid_t> daemons() const override { return daemons_; }

 private:
  const std::size_t frame_bytes_;
  const std::vector<pid_t> daemons_;
  const Window& window_;
  std::byte* const memory_;
  const std::vector<int> receivers_;
  std::vector<std::uint64_t> done_;  // frames, by receiver
  const int frame_tag_;
  const int done_tag_;
  std::uint64_t sent_ = 0;
};

class WindowReceiver : public FrameReceiver {
 public:
  WindowReceiver(const LinkSetup& setup, const Window& window)
      : frame_bytes_(setup.frame_bytes),
        window_(window),
        sender_(sending_rank()),
        memory_(window.memory_of(sender_)),
        frame_tag_(tag(setup, Tag::Frame)),
        done_tag_(tag(setup, Tag::Done)) {}

  std::span<const std::byte> receive() override {
    be_told(sender_, frame_tag_);
    window_.sync();
    return {memory_ + received_++ % kBuffers * frame_bytes_, frame_bytes_};
  }

  void release() override { tell(sender_, done_tag_); }

 private:
  const std::size_t frame_bytes_;
  const Window& window_;
  const int sender_;
  const std::byte* const memory_;
  const int frame_tag_;
  const int done_tag_;
  std::uint64_t received_ = 0;
};

// Set by main, as MPI itself is: making it takes all ranks at once, before the driver knows of any but the first.
const Window* window_of_job = nullptr;

constexpr char kWindowTransport[] = "peer/mpi_window";

constexpr Transport kTransports[] = {
    {.name = "peer/mpi",
     .make_sender = [](const LinkSetup& setup) -> std::unique_ptr<FrameSender> { return std::make_unique<MpiSender>(setup); },
     .make_receiver = [](const LinkSetup& setup) -> std::unique_ptr<FrameReceiver> {
       return std::make_unique<MpiReceiver>(setup);
     }},
    {.name = kWindowTransport,
     .make_sender = [](const LinkSetup& setup) -> std::unique_ptr<FrameSender> {
       return std::make_unique<WindowSender>(setup, *window_of_job);
     },
     .make_receiver = [](const LinkSetup& setup) -> std::unique_ptr<FrameReceiver> {
       return std::make_unique<WindowReceiver>(setup, *window_of_job);
     }},
};

// The rank of a process, from the environment that mpirun gives it: before MPI_Init.
int rank_to_be() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (rank == nullptr) throw std::runtime_error("ranks are started by mpirun");
  return std::stoi(rank);
}

int run_rank(std::span<char* const> arguments) {
  StandIn stand_in(arguments[4], rank_to_be());
  check(::MPI_Init(nullptr, nullptr), "initialise MPI");
  check(::MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "have errors returned");
  std::optional<Window> window;
  if (std::string_view(arguments[2]) == kWindowTransport) window.emplace(std::stoull(arguments[3]), own_rank());
  window_of_job = window ? &*window : nullptr;
  std::vector<std::string> told = stand_in.take_over();
  std::vector<char*> told_arguments;
  for (std::string& argument : told) told_arguments.push_back(argument.data());
  const int status = run_peer_main(static_cast<int>(told_arguments.size()), told_arguments.data(), kTransports);
  stand_in.end(status);
  if (status != 0) ::MPI_Abort(MPI_COMM_WORLD, status);  // the others may wait for this one for ever
  window.reset();
  ::MPI_Finalize();
  return status;
}

}  // namespace

}  // namespace bench

// For AddressSanitizer: Open MPI 4.1.4 leaves memory allocated, also by modules that are no more when leaks are looked for.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT(bugprone-reserved-identifier)

int main(int argc, char** argv) {
  constexpr int kRankArguments = 5;
  if (argc != kRankArguments || std::string_view(argv[1]) != bench::kAsRank) return bench::stand_in_for_rank(argc, argv);
  try {
    return bench::run_rank({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
