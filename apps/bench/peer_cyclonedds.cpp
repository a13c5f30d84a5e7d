// Eclipse Cyclone DDS with its shared memory (iceoryx): its documented way for big samples on one host,
// https://github.com/eclipse-cyclonedds/cyclonedds/blob/0.10.2/docs/manual/shared_memory.rst: a type of fixed size, keep-last
// history, samples lent by dds_loan_sample. Taken samples are read where they lie, by dds_takecdr, as Cyclone's own C++ and ROS 2
// bindings do; dds_take would copy them. What is kept last can be overwritten, in shared memory even if reliable, so readers say
// by samples of their own which frames they are done with. Waiting: wait sets.
#include "peer_main.hpp"
#include "roudi.hpp"

#include <dds/dds.h>
#include <dds/ddsc/dds_loan_api.h>
#include <dds/ddsi/ddsi_serdata.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

namespace {

constexpr dds_domainid_t kDomain = 62;  // its ports are below those that the system gives out
// The loopback device, and who is there is asked by unicast, so that nothing of it is seen on any network. Nobody is given up for
// dead: on a busy machine it would be a peer that lives, whose frames were then lost.
constexpr char kConfiguration[] =
    "<General><Interfaces><NetworkInterface name='lo'/></Interfaces><AllowMulticast>false</AllowMulticast></General>"
    "<Discovery><ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>60</MaxAutoParticipantIndex>"
    "<Peers><Peer address='localhost'/></Peers><LeaseDuration>1 hr</LeaseDuration></Discovery>"
    "<SharedMemory><Enable>true</Enable><LogLevel>fatal</LogLevel></SharedMemory>"
    "<Tracing><Verbosity>severe</Verbosity><OutputFile>stderr</OutputFile></Tracing>";

constexpr int kDoneDepth = 64;

struct Done {
  std::uint64_t receiver = 0;
  std::uint64_t frames = 0;  // that it is done with
};

std::int32_t check(dds_return_t result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string("Cyclone DDS: ") + what + ": " + dds_strretcode(-result));
  return result;
}

// Entities of Cyclone are deleted with those that they contain.
class Entity {
 public:
  Entity(dds_entity_t entity, const char* what) : entity_(check(entity, what)) {}
  ~Entity() { dds_delete(entity_); }
  Entity(const Entity&) = delete;
  Entity& operator=(const Entity&) = delete;
  dds_entity_t get() const noexcept { return entity_; }

 private:
  dds_entity_t entity_;
};

using Qos = std::unique_ptr<dds_qos_t, void (*)(dds_qos_t*)>;

Qos reliable(int depth) {
  Qos qos(dds_create_qos(), dds_delete_qos);
  dds_qset_reliability(qos.get(), DDS_RELIABILITY_RELIABLE, DDS_INFINITY);
  dds_qset_history(qos.get(), DDS_HISTORY_KEEP_LAST, depth);
  dds_qset_durability(qos.get(), DDS_DURABILITY_VOLATILE);
  return qos;
}

// What the IDL compiler makes of struct { octet bytes[N]; }, for an N that is known when the program runs.
dds_entity_t create_topic(dds_entity_t participant, const std::string& name, std::size_t bytes) {
  const std::array<std::uint32_t, 4> ops{std::uint32_t{DDS_OP_ADR} | DDS_OP_TYPE_ARR | DDS_OP_SUBTYPE_1BY, 0,
                                         static_cast<std::uint32_t>(bytes), DDS_OP_RTS};
  const dds_topic_descriptor_t descriptor{.m_size = static_cast<std::uint32_t>(bytes),
                                          .m_align = alignof(std::uint64_t),
                                          .m_flagset = DDS_TOPIC_FIXED_SIZE,
                                          .m_nkeys = 0,
                                          .m_typename = "arraywire_bench::Bytes",
                                          .m_keys = nullptr,
                                          .m_nops = 2,
                                          .m_ops = ops.data(),
                                          .m_meta = "",
                                          .type_information = {},
                                          .type_mapping = {},
                                          .restrict_data_representation = 0};
  return dds_create_topic(participant, &descriptor, name.c_str(), nullptr, nullptr);
}

class Writer {
 public:
  Writer(dds_entity_t participant, const std::string& topic, std::size_t bytes, int depth)
      : topic_(create_topic(participant, topic, bytes), "create a topic"),
        writer_(dds_create_writer(participant, topic_.get(), reliable(depth).get(), nullptr), "create a writer") {
    if (!dds_is_loan_available(writer_.get())) throw std::runtime_error("Cyclone DDS: no shared memory for the writer");
  }

  dds_entity_t get() const noexcept { return writer_.get(); }

  void* loan() const {
    void* sample = nullptr;
    check(dds_loan_sample(writer_.get(), &sample), "lend a sample");
    return sample;
  }
  void write(void* loan) const { check(dds_write(writer_.get(), loan), "write"); }

 private:
  Entity topic_;
  Entity writer_;
};

using Sample = std::unique_ptr<ddsi_serdata, void (*)(ddsi_serdata*)>;

class Reader {
 public:
  Reader(dds_entity_t participant, const std::string& topic, std::size_t bytes, int depth)
      : topic_(create_topic(participant, topic, bytes), "create a topic"),
        reader_(dds_create_reader(participant, topic_.get(), reliable(depth).get(), nullptr), "create a reader"),
        waitset_(dds_create_waitset(participant), "create a wait set") {
    if (!dds_is_loan_available(reader_.get())) throw std::runtime_error("Cyclone DDS: no shared memory for the reader");
    const dds_entity_t any = check(dds_create_readcondition(reader_.get(), DDS_ANY_STATE), "create a read condition");
    check(dds_waitset_attach(waitset_.get(), any, 0), "attach to a wait set");
  }

  dds_entity_t get() const noexcept { return reader_.get(); }

  // The next sample, in the memory that it was written to.
  Sample take() const {
    for (;;) {
      ddsi_serdata* sample = nullptr;
      dds_sample_info_t info;
      if (check(dds_takecdr(reader_.get(), &sample, 1, &info, DDS_ANY_STATE), "take") == 0) {
        check(dds_waitset_wait(waitset_.get(), nullptr, 0, DDS_INFINITY), "wait");
        continue;
      }
      Sample owned(sample, ddsi_serdata_unref);
      if (info.valid_data && owned->iox_chunk != nullptr) return owned;
    }
  }

 private:
  Entity topic_;
  Entity reader_;
  Entity waitset_;
};

// Until as many readers, or writers, of the others are known to it.
template <typename Status>
void wait_for_matches(dds_entity_t participant, dds_entity_t entity, std::uint32_t status, std::size_t count,
                      dds_return_t (*get)(dds_entity_t, Status*)) {
  check(dds_set_status_mask(entity, status), "choose a status");
  const Entity waitset(dds_create_waitset(participant), "create a wait set");
  check(dds_waitset_attach(waitset.get(), entity, 0), "attach to a wait set");
  Status matched{};
  while (check(get(entity, &matched), "ask for matches"), matched.current_count < count) {
    check(dds_waitset_wait(waitset.get(), nullptr, 0, DDS_INFINITY), "wait for matches");
  }
  check(dds_waitset_detach(waitset.get(), entity), "detach from a wait set");
}

// The directory is in the name: measurements that run at the same time do not see each other.
std::string topic_name(const LinkSetup& setup, const char* what) {
  std::string name = what + ("_" + setup.channel) + setup.directory.string();
  const auto is_forbidden = [](unsigned char character) { return std::isalnum(character) == 0 && character != '/'; };
  std::ranges::replace_if(name, is_forbidden, '_');
  return name;
}

// One for all links of this process: a participant brings threads, sockets and discovery with it.
struct Participant {
  explicit Participant(const LinkSetup& setup)
      : roudi(join_roudi(setup.directory, setup.frame_bytes)), entity(create(), "create a participant") {}

  static dds_entity_t create() {
    ::setenv("CYCLONEDDS_URI", kConfiguration, 1);
    return dds_create_participant(kDomain, nullptr, nullptr);
  }

  const pid_t roudi;
  const Entity entity;
};

std::shared_ptr<Participant> participant_of(const LinkSetup& setup) {
  return in_common(setup, [&] { return std::make_shared<Participant>(setup); });
}

class CycloneSender : public FrameSender {
 public:
  explicit CycloneSender(const LinkSetup& setup)
      : frame_bytes_(setup.frame_bytes),
        participant_(participant_of(setup)),
        frames_(participant_->entity.get(), topic_name(setup, "frames"), setup.frame_bytes, kBuffers),
        done_(participant_->entity.get(), topic_name(setup, "done"), sizeof(Done), kDoneDepth),
        done_frames_(setup.receivers) {}

  void wait_for_receivers() override {
    const std::size_t receivers = done_frames_.size();
    wait_for_matches(participant_->entity.get(), frames_.get(), DDS_PUBLICATION_MATCHED_STATUS, receivers,
                     dds_get_publication_matched_status);
    wait_for_matches(participant_->entity.get(), done_.get(), DDS_SUBSCRIPTION_MATCHED_STATUS, receivers,
                     dds_get_subscription_matched_status);
  }

  std::span<std::byte> room() override {
    while (sent_ - *std::ranges::min_element(done_frames_) >= kBuffers) {
      const Sample sample = done_.take();
      Done done;
      std::memcpy(&done, sample->iox_chunk, sizeof done);
      done_frames_.at(done.receiver) = done.frames;
    }
    loan_ = frames_.loan();
    return {static_cast<std::byte*>(loan_), frame_bytes_};
  }

  void send() override {
    frames_.write(loan_);
    ++sent_;
  }

  std::vector<pid_t> daemons() const override { return {participant_->roudi}; }

 private:
  const std::size_t frame_bytes_;
  const std::shared_ptr<Participant> participant_;
  const Writer frames_;
  const Reader done_;
  std::vector<std::uint64_t> done_frames_;  // by receiver
  std::uint64_t sent_ = 0;
  void* loan_ = nullptr;
};

class CycloneReceiver : public FrameReceiver {
 public:
  explicit CycloneReceiver(const LinkSetup& setup)
      : frame_bytes_(setup.frame_bytes),
        participant_(participant_of(setup)),
        done_(participant_->entity.get(), topic_name(setup, "done"), sizeof(Done), kDoneDepth),
        frames_(participant_->entity.get(), topic_name(setup, "frames"), setup.frame_bytes, kBuffers),
        state_{.receiver = setup.receiver} {
    // The sender exists, and a sample of a writer that is not known yet would be dropped.
    wait_for_matches(participant_->entity.get(), frames_.get(), DDS_SUBSCRIPTION_MATCHED_STATUS, 1,
                     dds_get_subscription_matched_status);
    wait_for_matches(participant_->entity.get(), done_.get(), DDS_PUBLICATION_MATCHED_STATUS, 1,
                     dds_get_publication_matched_status);
  }

  std::span<const std::byte> receive() override {
    sample_ = frames_.take();
    return {static_cast<const std::byte*>(sample_->iox_chunk), frame_bytes_};
  }

  void release() override {
    sample_.reset();
    ++state_.frames;
    void* loan = done_.loan();
    std::memcpy(loan, &state_, sizeof state_);
    done_.write(loan);
  }

 private:
  const std::size_t frame_bytes_;
  const std::shared_ptr<Participant> participant_;
  const Writer done_;
  const Reader frames_;
  Done state_;
  Sample sample_{nullptr, ddsi_serdata_unref};
};

constexpr Transport kTransports[] = {
    {.name = "peer/cyclonedds",
     .make_sender = [](const LinkSetup& setup) -> std::unique_ptr<FrameSender> { return std::make_unique<CycloneSender>(setup); },
     .make_receiver = [](const LinkSetup& setup) -> std::unique_ptr<FrameReceiver> {
       return std::make_unique<CycloneReceiver>(setup);
     }},
};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) { return bench::run_peer_main(argc, argv, bench::kTransports); }
