// eProsima Fast DDS with data-sharing delivery and loans on both sides, which its documentation calls zero-copy communication
// (https://fast-dds.docs.eprosima.com/en/v2.9.1/fastdds/use_cases/zero_copy/zero_copy.html; examples/cpp/dds/ZeroCopyExample): a
// plain type of bounded size, DataWriter::loan_sample, and DataReader::take into a sequence that owns nothing. Discovery and
// acknowledgements go through its shared-memory transport. Keep-all history: write blocks until a reader has taken the oldest
// frame, so none is lost. Waiting: DataReader::wait_for_unread_message, which takes half the time of a wait set.
//
// A process that is killed leaves files in /dev/shm; where that is the machine's own (private_directories.hpp), `fastdds shm
// clean` removes them.
#include "peer_main.hpp"
#include "private_directories.hpp"

#include <fastdds/rtps/transport/shared_mem/SharedMemTransportDescriptor.h>
#include <unistd.h>
#include <cstdint>
#include <cstring>
#include <fastdds/dds/core/LoanableSequence.hpp>
#include <fastdds/dds/core/condition/WaitSet.hpp>
#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/log/Log.hpp>
#include <fastdds/dds/log/StdoutErrConsumer.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/dds/topic/Topic.hpp>
#include <fastdds/dds/topic/TopicDataType.hpp>
#include <fastdds/dds/topic/TypeSupport.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

namespace dds = eprosima::fastdds::dds;
namespace rtps = eprosima::fastrtps::rtps;
using Result = eprosima::fastrtps::types::ReturnCode_t;

constexpr dds::DomainId_t kDomain = 61;
const eprosima::fastrtps::Duration_t kLong{3600, 0};  // an infinite one would overflow inside
// Beside the frame that the writer fills, and the one that a reader has taken: kBuffers are on their way at most.
constexpr std::int32_t kUnacknowledged = kBuffers - 2;
// A frame is acknowledged when it is taken, not when it is returned: its memory is used again at once unless there is other
// memory, which is used in turn. One frame for the writer to fill, one for the readers to look at.
constexpr std::int32_t kSpareFrames = 2;

void check(Result result, const char* what) {
  if (result != Result::RETCODE_OK) {
    throw std::runtime_error(std::string("Fast DDS: ") + what + ": error " + std::to_string(result()));
  }
}

template <typename T> T* check(T* made, const char* what) {
  if (made == nullptr) throw std::runtime_error(std::string("Fast DDS: no ") + what);
  return made;
}

// What fastddsgen makes of struct { octet bytes[N]; }, for an N that is known when the program runs.
class BytesType : public dds::TopicDataType {
 public:
  explicit BytesType(std::size_t bytes) : bytes_(bytes) {
    setName(("arraywire_bench::Bytes" + std::to_string(bytes)).c_str());
    m_typeSize = static_cast<std::uint32_t>(bytes) + rtps::SerializedPayload_t::representation_header_size;
    m_isGetKeyDefined = false;
  }

  bool serialize(void* data, rtps::SerializedPayload_t* payload) override {
    payload->encapsulation = CDR_LE;
    payload->length = m_typeSize;
    payload->data[0] = 0;
    payload->data[1] = CDR_LE;
    payload->data[2] = payload->data[3] = 0;
    std::memcpy(payload->data + rtps::SerializedPayload_t::representation_header_size, data, bytes_);
    return true;
  }

  bool deserialize(rtps::SerializedPayload_t* payload, void* data) override {
    if (payload->length < m_typeSize) return false;
    std::memcpy(data, payload->data + rtps::SerializedPayload_t::representation_header_size, bytes_);
    return true;
  }

  std::function<std::uint32_t()> getSerializedSizeProvider(void* /*data*/) override {
    return [this] { return m_typeSize; };
  }

  void* createData() override { return new std::byte[bytes_]; }
  void deleteData(void* data) override { delete[] static_cast<std::byte*>(data); }
  bool getKey(void* /*data*/, rtps::InstanceHandle_t* /*handle*/, bool /*force_md5*/) override { return false; }
  bool is_bounded() const override { return true; }
  bool is_plain() const override { return true; }
  bool construct_sample(void* /*memory*/) const override { return true; }

 private:
  const std::size_t bytes_;
};

// Loaned sequences hold pointers to samples, of whose type only the address matters.
using Frames = dds::LoanableSequence<std::byte>;

// The channel to the driver is stdout.
void log_to_stderr() {
  auto consumer = std::make_unique<dds::StdoutErrConsumer>();
  consumer->stderr_threshold(dds::Log::Kind::Error);
  dds::Log::ClearConsumers();
  dds::Log::RegisterConsumer(std::move(consumer));
  dds::Log::SetVerbosity(dds::Log::Kind::Error);
}

// The first process of a measurement makes them, where that is allowed. It outlives the others' coming.
void use_own_directories(const std::filesystem::path& directory) {
  const auto note = directory / "first";
  pid_t first = 0;
  if (std::ifstream(note) >> first) return join_private_directories(first);
  static_cast<void>(enter_private_directories(directory));
  std::ofstream(note) << ::getpid() << '\n';
}

// One for all links of this process: a participant brings threads, ports and discovery with it. All that they make belongs to it.
class Participant {
 public:
  explicit Participant(const LinkSetup& setup) : participant_(create(setup)) {}
  ~Participant() {
    participant_->delete_contained_entities();
    dds::DomainParticipantFactory::get_instance()->delete_participant(participant_);
  }
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  dds::DomainParticipant& operator*() const noexcept { return *participant_; }

 private:
  static dds::DomainParticipant* create(const LinkSetup& setup) {
    use_own_directories(setup.directory);
    log_to_stderr();
    dds::DomainParticipantQos qos = dds::PARTICIPANT_QOS_DEFAULT;
    qos.transport().use_builtin_transports = false;
    qos.transport().user_transports.push_back(std::make_shared<eprosima::fastdds::rtps::SharedMemTransportDescriptor>());
    // Nobody is given up for dead: on a busy machine it would be a peer that lives, whose frames were then lost.
    qos.wire_protocol().builtin.discovery_config.leaseDuration = eprosima::fastrtps::c_TimeInfinite;
    return check(dds::DomainParticipantFactory::get_instance()->create_participant(kDomain, qos), "participant");
  }

  dds::DomainParticipant* participant_;
};

std::shared_ptr<Participant> participant_of(const LinkSetup& setup) {
  return in_common(setup, [&] { return std::make_shared<Participant>(setup); });
}

dds::Topic* topic_of(const LinkSetup& setup, dds::DomainParticipant& participant) {
  const dds::TypeSupport type(new BytesType(setup.frame_bytes));
  check(type.register_type(&participant), "register the type");
  // The directory is in the name: measurements that run at the same time do not see each other.
  const std::string name = setup.channel + setup.directory.string();
  return check(participant.create_topic(name, type.get_type_name(), dds::TOPIC_QOS_DEFAULT), "topic");
}

template <typename Qos> Qos keep_all(Qos qos, std::int32_t samples, std::int32_t spare) {
  qos.reliability().kind = dds::RELIABLE_RELIABILITY_QOS;
  qos.reliability().max_blocking_time = kLong;
  // A volatile writer removes acknowledged frames by itself, and write then happens to fail on finding nothing to remove.
  qos.durability().kind = dds::TRANSIENT_LOCAL_DURABILITY_QOS;
  qos.history().kind = dds::KEEP_ALL_HISTORY_QOS;
  qos.resource_limits().max_instances = 1;
  qos.resource_limits().max_samples = samples;
  qos.resource_limits().max_samples_per_instance = samples;
  qos.resource_limits().allocated_samples = samples;
  qos.resource_limits().extra_samples = spare;
  qos.endpoint().history_memory_policy = rtps::PREALLOCATED_MEMORY_MODE;
  qos.data_sharing().on("");
  return qos;
}

// Waits for one status of an entity.
class StatusWait {
 public:
  StatusWait(dds::Entity& entity, const dds::StatusMask& status) : condition_(entity.get_statuscondition()) {
    check(condition_.set_enabled_statuses(status), "choose a status");
    check(waitset_.attach_condition(condition_), "attach to a wait set");
  }
  ~StatusWait() { waitset_.detach_condition(condition_); }
  StatusWait(const StatusWait&) = delete;
  StatusWait& operator=(const StatusWait&) = delete;

  void wait() {
    dds::ConditionSeq active;
    check(waitset_.wait(active, eprosima::fastrtps::c_TimeInfinite), "wait");
  }

 private:
  dds::StatusCondition& condition_;
  dds::WaitSet waitset_{};
};

class FastDdsSender : public FrameSender {
 public:
  explicit FastDdsSender(const LinkSetup& setup)
      : frame_bytes_(setup.frame_bytes),
        receivers_(static_cast<std::int32_t>(setup.receivers)),
        participant_(participant_of(setup)) {
    auto* publisher = check((**participant_).create_publisher(dds::PUBLISHER_QOS_DEFAULT), "publisher");
    writer_ = check(publisher->create_datawriter(topic_of(setup, **participant_),
                                                 keep_all(dds::DATAWRITER_QOS_DEFAULT, kUnacknowledged, kSpareFrames)),
                    "writer with data sharing");
  }

  void wait_for_receivers() override {
    StatusWait matches(*writer_, dds::StatusMask::publication_matched());
    dds::PublicationMatchedStatus matched;
    while (check(writer_->get_publication_matched_status(matched), "ask for matches"), matched.current_count < receivers_) {
      matches.wait();
    }
  }

  std::span<std::byte> room() override {
    check(writer_->loan_sample(loan_), "lend a sample");
    return {static_cast<std::byte*>(loan_), frame_bytes_};
  }

  void send() override { check(writer_->write(loan_, dds::HANDLE_NIL), "write"); }

 private:
  const std::size_t frame_bytes_;
  const std::int32_t receivers_;
  const std::shared_ptr<Participant> participant_;
  dds::DataWriter* writer_ = nullptr;
  void* loan_ = nullptr;
};

class FastDdsReceiver : public FrameReceiver {
 public:
  explicit FastDdsReceiver(const LinkSetup& setup) : frame_bytes_(setup.frame_bytes), participant_(participant_of(setup)) {
    auto* subscriber = check((**participant_).create_subscriber(dds::SUBSCRIBER_QOS_DEFAULT), "subscriber");
    reader_ =
        check(subscriber->create_datareader(topic_of(setup, **participant_), keep_all(dds::DATAREADER_QOS_DEFAULT, kBuffers, 1)),
              "reader with data sharing");
    wait_for_sender();
  }

  std::span<const std::byte> receive() override {
    for (;;) {
      const Result taken = reader_->take(frames_, infos_, 1);
      if (taken == Result::RETCODE_OK && infos_[0].valid_data) return {&frames_[0], frame_bytes_};
      if (taken == Result::RETCODE_OK) {
        release();
      } else if (taken == Result::RETCODE_NO_DATA) {
        reader_->wait_for_unread_message(kLong);
      } else {
        check(taken, "take");
      }
    }
  }

  void release() override { check(reader_->return_loan(frames_, infos_), "return a sample"); }

 private:
  void wait_for_sender() {
    StatusWait matches(*reader_, dds::StatusMask::subscription_matched());
    dds::SubscriptionMatchedStatus matched;
    while (check(reader_->get_subscription_matched_status(matched), "ask for matches"), matched.current_count == 0)
      matches.wait();
  }

  const std::size_t frame_bytes_;
  const std::shared_ptr<Participant> participant_;
  dds::DataReader* reader_ = nullptr;
  Frames frames_{};
  dds::SampleInfoSeq infos_{};
};

constexpr Transport kTransports[] = {
    {.name = "peer/fastdds",
     .make_sender = [](const LinkSetup& setup) -> std::unique_ptr<FrameSender> { return std::make_unique<FastDdsSender>(setup); },
     .make_receiver = [](const LinkSetup& setup) -> std::unique_ptr<FrameReceiver> {
       return std::make_unique<FastDdsReceiver>(setup);
     }},
};

}  // namespace

}  // namespace bench

// For AddressSanitizer: Fast DDS 2.9.1 deletes listeners by bases whose destructors are not virtual.
extern "C" const char* __asan_default_options() { return "new_delete_type_mismatch=0"; }  // NOLINT(bugprone-reserved-identifier)

int main(int argc, char** argv) { return bench::run_peer_main(argc, argv, bench::kTransports); }
