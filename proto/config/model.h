// The one model of reel.yaml: what each program reads its settings from, with every default in its place.
//
//   const config::Model model = config::load("configs/shop.yaml");   // throws ConfigError with every problem
//   model.topics.at("order.placed").type                             // "shop.v1.OrderPlaced"
//
// Plain values, immutable once loaded: share them between threads freely.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/headers.h"

namespace reel::config {

using std::chrono::milliseconds;

/// A place in the file: line and column (in characters) from 1; 0 where a value was not given.
struct Place {
  int line = 0;
  int column = 0;
};

struct Topic {
  /// Full name of the protobuf message that events of this topic carry.
  std::string type;
  /// false: not journaled; the events travel on the live tap only, at most once.
  bool durable = true;
  /// An event that no service wants is refused, instead of being counted.
  bool require_subscriber = false;
  /// Services that may publish it; the broker refuses it from others. Empty: any. Names are not proven: this
  /// guards against mistakes, not against malice.
  std::vector<std::string> publishers;
  /// low: views leave its events out until they are asked for. They are handled, kept and judged as any.
  enum class Importance : std::uint8_t { normal, low } importance = Importance::normal;
  Place place;
};

/// Derives an event on `to` from each event on `from`: same payload, same flow, caused by it.
struct Route {
  std::string from;
  std::string to;
  /// Only from events that this pattern (event/event_pattern.h, as JSON) says yes to. Empty: from all.
  std::string when;
  Place place;
};

/// How often, and for how long, an event is tried again whose attempt failed with some kinds of errors.
struct ErrorRetry {
  /// The error types: `*` stands for any characters.
  std::string error_type;
  int attempts = 8;
  std::vector<milliseconds> backoff;
  milliseconds max_age{};

  friend bool operator==(const ErrorRetry&, const ErrorRetry&) = default;
};

struct Retry {
  /// Attempts before an event becomes a dead letter, the first one included.
  int attempts = 8;
  /// How long to wait before attempt 2, 3, …; the last one repeats. Short first, since most failures are
  /// passing; long later, since the others need a person.
  std::vector<milliseconds> backoff{std::chrono::milliseconds{100}, std::chrono::seconds{1},
                                    std::chrono::seconds{10}};
  /// Each wait is varied by up to this share, so that what failed together does not return together.
  double jitter = 0.2;
  /// No attempt begins later than this after the first one failed: the event is a dead letter then, whatever
  /// attempts are left. For what is of no use when it is old.
  milliseconds max_age = std::chrono::hours{24};
  /// Instead of these where an attempt failed with such an error; the first that matches counts. What waits
  /// for the disk of a neighbour deserves more patience than a card that was declined.
  std::vector<ErrorRetry> by_error;

  friend bool operator==(const Retry&, const Retry&) = default;
};

/// What becomes of the events of a key behind one that is a dead letter.
enum class OnDead : std::uint8_t {
  pass,  ///< They are handled: the key goes on without it.
  park,  ///< They are kept back until it is redriven or discarded, and then handled in order.
};

/// How a service of the file handles its events.
enum class AdapterBy : std::uint8_t {
  webhook,  ///< A POST of the event to an HTTP endpoint.
  exec,     ///< A program of one's own for each event, without a shell.
};

/// CloudEvents' HTTP binding.
enum class CloudEventsMode : std::uint8_t {
  structured,  ///< The body is the whole event as JSON.
  binary,      ///< The body is its data, attributes are headers.
};

/// A service that is written down in the file: `reel-adapters` runs it, and no program subscribes as it.
struct Adapter {
  AdapterBy by = AdapterBy::webhook;
  std::string url;
  /// The program, as an absolute path, and its arguments.
  std::vector<std::string> command;
  /// Pattern that its events match, as JSON; empty: all of them.
  std::string when;
  /// Of a webhook: sent beside what Reel sends.
  Headers headers;
  /// Of a webhook: how an event is an HTTP message.
  CloudEventsMode mode = CloudEventsMode::structured;
  /// How long one attempt may take in all.
  milliseconds timeout = std::chrono::seconds{10};
  /// Events handled at a time, each of another key. Raise it for endpoints that are slow and can do many.
  unsigned at_once = 4;
};

/// After so many failed attempts in a row a service is paused, and then one event at a time finds out whether
/// it goes again.
struct Breaker {
  /// 0: never.
  std::uint32_t failures = 0;
  milliseconds pause = std::chrono::seconds{30};

  friend bool operator==(const Breaker&, const Breaker&) = default;
};

struct Service {
  /// Patterns it is expected to subscribe to, for the map and for checks; of an adapter: those it does
  /// subscribe to. Empty: nothing is said.
  std::vector<std::string> topics;
  /// How long a handler may take before its event is given out again. Set it above the slowest handler's
  /// usual time; too low makes repeats.
  milliseconds ack_timeout = std::chrono::seconds{30};
  Retry retry;
  OnDead on_dead = OnDead::pass;
  /// Events that all instances together may have in flight, whatever credit they give: for what stands behind
  /// the handlers and takes no more. The default is no limit in practice.
  std::size_t max_in_flight = 1'000'000;
  /// Events handed out a second, to all instances together, attempts counted each: for what stands behind the
  /// handlers and allows no more. 0: as fast as they are handled.
  std::size_t max_rate_per_s = 0;
  Breaker breaker;
  /// Letters are never dropped: a service that has so many is paused until somebody has looked at them. A few
  /// hundred bytes of memory each, and their errors.
  std::size_t dead_letters_max = 100'000;
  /// An event that waits so long for a handler, and for nothing else, shows that the service is behind:
  /// reel.service.behind. Long enough for a burst, short enough for somebody to help.
  milliseconds behind_after = std::chrono::minutes{1};
  /// Only the instance that has been there longest gets events; the others stand by.
  bool exclusive = false;
  /// Events are handed out in offset order whatever happens: none is suspected of having killed an instance,
  /// and no key is kept to a share of the credit. For parts of Reel; not a setting.
  bool in_offset_order = false;
  /// Nothing: a program of its own subscribes.
  std::optional<Adapter> adapter;
  Place place;
};

/// How a field of B must stand to a field of A.
enum class Comparison : std::uint8_t { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

/// `where: {data.amount: {"<=": data.total}}`. Fields are paths (event/field_path.h).
struct Where {
  std::string field;  ///< of B
  Comparison how = Comparison::equal;
  std::string after_field;  ///< of A
};

/// One B for each value of `item` in A: the B whose `matches` is that value.
struct Each {
  std::string item;     ///< path in A
  std::string matches;  ///< path in B
};

enum class Severity : std::uint8_t { none, info, warning, critical };

/// "After A expect B within T", or that B must not come; docs/flows.md has the language.
struct Expectation {
  /// Exactly one of these is not empty. Topics; of any_of and all_of also sub-flows (event/subflow.h).
  std::vector<std::string> any_of;
  std::vector<std::string> all_of;
  std::vector<std::string> never;
  /// Empty with `every`.
  std::string after;
  /// Pattern that A matches, as JSON; empty: any A.
  std::string when;
  /// What holds between A and a B that counts.
  std::vector<Where> where;
  std::optional<Each> each;
  /// So many of any_of; 0: not said, which is one, or none where only `at_most` is said.
  std::uint32_t at_least = 0;
  std::uint32_t at_most = 0;  ///< 0: not said
  /// A B that comes sooner after A breaks the rule. 0: never too soon.
  milliseconds not_before{0};
  /// Of a prohibition: from these on B may come.
  std::vector<std::string> until;
  /// 0 where not given.
  milliseconds within{0};
  /// `within` runs from the flow's start, not from A.
  bool from_start = false;
  /// Path in A of the time by which B is to come; empty: not given.
  std::string by;
  /// Each of these events lets `within` begin anew.
  std::vector<std::string> extended_by;
  /// Without an A: one of any_of at least so often for each value of `per`. 0: not given.
  milliseconds every{0};
  std::string per;
  /// Share of the time after which a warning is given; 0: none.
  double warn_at = 0;
  Severity severity = Severity::none;
  /// Who is asked when it does not come. Empty: nobody is named.
  std::string owner;
  std::string runbook;
  Place place;

  [[nodiscard]] const std::vector<std::string>& expected() const {
    return !never.empty() ? never : any_of.empty() ? all_of : any_of;
  }
};

struct Flow {
  /// The topic that makes a flow one of this definition; empty: wherever an `after` occurs.
  std::string start;
  /// Pattern that the start event matches, as JSON; empty: any.
  std::string when;
  std::vector<Expectation> expect;
  /// Terminal topics: the first of them completes the flow and cancels what is still armed. Empty: complete
  /// when nothing is armed.
  std::vector<std::string> end;
  /// Deadline of the whole flow, from its first event under this definition. None: no such deadline.
  std::optional<milliseconds> within;
  /// Topic on which a reel.v1.FlowOverdue is published for each overdue expectation, besides
  /// reel.flow.overdue.
  std::string on_overdue_publish;
  /// By topic: the path in its events of what names the flow where they carry no correlation id.
  std::map<std::string, std::string> correlate_by;
  /// Of the deadline of the whole flow.
  double warn_at = 0;
  Severity severity = Severity::none;
  std::string owner;
  std::string runbook;
  Place place;
};

enum class Sync : std::uint8_t {
  always,    ///< Accepted means synced to the disk: nothing accepted is lost in a power cut.
  interval,  ///< Accepted means handed to the system; synced every sync_interval.
  os,  ///< Accepted means handed to the system, which writes it when it likes. Safe against a crash of Reel.
};

struct Journal {
  Sync sync = Sync::always;
  milliseconds sync_interval{100};
  /// Preallocated size of one file. Retention deletes whole segments.
  std::uint64_t segment_bytes = 256ull << 20;
  /// Segments whose newest event is older are deleted, unless a service still needs them.
  milliseconds retain = std::chrono::hours{24 * 7};
  /// Oldest segments are deleted beyond this size, unless a service still needs them.
  std::uint64_t retain_bytes = 16ull << 30;

  friend bool operator==(const Journal&, const Journal&) = default;
};

struct Broker {
  std::string listen = "tcp://127.0.0.1:5555";
  std::string live = "tcp://127.0.0.1:5556";
  /// Where journal and state live. Relative to the configuration file's folder; resolved to an absolute path.
  std::string data = "./data";
  Journal journal;
  /// Largest encoded event. One event should not hold up a thousand others.
  std::uint32_t event_bytes_max = 1u << 20;
  /// Largest batch in one frame.
  std::uint32_t batch_bytes_max = 4u << 20;
  /// What one publisher may have unanswered.
  std::uint32_t publish_window_bytes = 8u << 20;
  std::uint32_t publish_window_batches = 256;
  /// Newest events kept in memory for services that are caught up.
  std::uint64_t tail_bytes_max = 128ull << 20;
  /// Unsettled and waiting events one service may hold in memory (as offsets and key hashes, 65 bytes each,
  /// up to 250 where they are retried); beyond it they wait in the journal.
  std::size_t service_window_events_max = 100'000;
  /// Parked events of one service that are remembered one by one, up to 24 bytes each. So many behind dead
  /// letters need a person first; what comes on top stays unread in the journal, and is looked for there when
  /// its key goes on.
  std::size_t service_parked_events_max = 1'000'000;
  std::size_t services_max = 1'000;
  std::size_t sessions_max = 10'000;
  /// A client that says nothing for this long is taken for gone.
  milliseconds service_timeout = std::chrono::seconds{5};
  milliseconds beat_interval = std::chrono::seconds{1};
  /// How long the ids of events with caller-chosen ids are remembered, and how many at most.
  milliseconds dedup_window = std::chrono::minutes{10};
  std::size_t dedup_ids_max = 1'000'000;
  /// Events that may wait for their delivertime, 104 bytes of memory each: enough for every customer's
  /// reminder, and what a runaway script can cost.
  std::size_t delayed_events_max = 1'000'000;
  /// Events after which the broker's state is written down anew, which is how many a restart reads at most.
  /// Reading takes some microseconds each.
  std::uint64_t snapshot_events = 500'000;

  friend bool operator==(const Broker&, const Broker&) = default;
};

struct Tracker {
  /// Where queries are answered.
  std::string listen = "tcp://127.0.0.1:5557";
  /// Where its state lives; the folder `tracker` in the broker's data where it is not given.
  std::string data = "./data/tracker";
  /// How long a closed flow is kept for search.
  milliseconds retain = std::chrono::hours{24 * 7};
  /// How often the state is written to disk (and input acknowledged) while events come.
  milliseconds checkpoint_interval{200};

  friend bool operator==(const Tracker&, const Tracker&) = default;
};

/// The HTTP edge. What one stranger may cost: everything a client can make the gateway keep, or wait for, has
/// a limit here.
struct Gateway {
  /// Where console and HTTP API are served.
  std::string listen = "127.0.0.1:8080";
  /// Names, besides localhost and addresses, by which it may be called: a page of another site that has its
  /// name point here would otherwise be answered as if it were ours.
  std::vector<std::string> hosts;
  /// At the limit the connection that has kept its request back the longest makes room.
  std::size_t connections_max = 1'000;
  /// Request line and headers. Holds the longest attributes of an event, percent-encoded.
  std::uint32_t header_bytes_max = 64u << 10;
  /// One request's body: as much as one event's JSON may have.
  std::uint32_t body_bytes_max = 8u << 20;
  /// All bodies, and answers that wait to be taken, together.
  std::uint64_t bodies_bytes_max = 128ull << 20;
  /// From a request's first byte to the end of its headers, and from there to the end of its body: a client
  /// that sends a byte now and then gets no further.
  milliseconds header_timeout = std::chrono::seconds{10};
  milliseconds body_timeout = std::chrono::seconds{30};
  /// Between two requests of a connection.
  milliseconds idle_timeout = std::chrono::minutes{1};
  /// How long a client may take to read one answer, or one piece of a stream.
  milliseconds write_timeout = std::chrono::seconds{30};
  /// After so many requests a connection is closed in order, so that none lives for ever.
  std::size_t requests_per_connection_max = 100'000;
  /// Events in one batch.
  std::size_t batch_events_max = 10'000;
  /// How long the broker may take to accept an event before the client is told to try again.
  milliseconds publish_timeout = std::chrono::seconds{5};
  /// Questions to broker and tracker that are under way at a time, and how many more may wait for one to end.
  std::size_t queries_max = 8;
  std::size_t queries_waiting_max = 128;
  /// Requests that wait for a flow.
  std::size_t waits_max = 32;
  /// Clients of the event stream. Those that want the same topics share one subscription; of these there may
  /// be so many, since each is one more that the broker serves.
  std::size_t streams_max = 500;
  std::size_t stream_subscriptions_max = 32;
  /// Newest events of each such subscription: a client further behind is cut off, and one that comes back
  /// within it misses nothing and costs nothing.
  std::uint64_t stream_backlog_bytes = 4ull << 20;
  /// How often a quiet stream says that it is there.
  milliseconds stream_beat = std::chrono::seconds{15};
  /// How far behind the broker the tracker may be and still be called ready.
  milliseconds ready_lag = std::chrono::seconds{30};

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

/// How a target is told of incidents.
enum class AlertBy : std::uint8_t {
  webhook,       ///< A POST of one JSON object.
  alertmanager,  ///< A POST to Prometheus' Alertmanager, as Prometheus itself would make it.
  exec,          ///< A program of one's own, without a shell.
};

/// Somebody who is told when something is overdue or broken: an ordinary service, `alerts.NAME`.
struct AlertTarget {
  AlertBy by = AlertBy::webhook;
  /// Of a webhook: all of it; of Alertmanager: what stands before /api/v2/alerts.
  std::string url;
  /// Of both: sent along with each POST.
  Headers headers;
  /// Of exec: the program, as an absolute path, and its arguments.
  std::vector<std::string> command;
  /// Pattern that incidents match, as JSON; empty: all of them.
  std::string when;
  /// How long one attempt may take in all. Who pages people answers within seconds, and an attempt that hangs
  /// keeps others waiting.
  milliseconds timeout = std::chrono::seconds{10};
  /// Whether it gets the beat.
  bool watchdog = true;
  Place place;

  /// The service that takes incidents to it, and the one that does when a snooze has ended.
  [[nodiscard]] static std::string service_of(const std::string& name) { return "alerts." + name; }
  [[nodiscard]] static std::string snoozed_service_of(const std::string& name) {
    return service_of(name) + ".snoozed";
  }
};

struct Alerts {
  /// How often each target hears that the tracker is well, and how long that may be silent before every
  /// target hears of it.
  milliseconds watchdog = std::chrono::minutes{1};
  /// How often Alertmanager, which forgets, is told again of what is open.
  milliseconds repeat = std::chrono::minutes{1};
  /// Stand in every alert: which of several meshes this is.
  std::map<std::string, std::string> labels;
  std::map<std::string, AlertTarget> targets;
};

/// Where flows go as traces of OpenTelemetry: the gateway sends each when something has been said of it.
struct Traces {
  /// An OTLP/HTTP end point that takes JSON. Empty: traces go nowhere.
  std::string url;
  Headers headers;
  /// The share of flows that are sent, always the same ones; of what is overdue or broken, all are. Each
  /// costs a look into the journal.
  double sample = 1;
  /// How long a flow rests before it is sent: what was said of it meanwhile is one trace.
  milliseconds settle = std::chrono::seconds{5};
  /// How long one attempt to send may take in all.
  milliseconds timeout = std::chrono::seconds{10};
  /// How long what could not be sent is tried again.
  milliseconds retry_for = std::chrono::minutes{5};
  /// Flows that wait to be sent; what comes on top is dropped, and counted. Ten thousand take some 3 MB, and
  /// outlast the restart of a collector.
  std::size_t flows_waiting_max = 10'000;

  friend bool operator==(const Traces&, const Traces&) = default;
};

struct Model {
  /// The file's path as it was given, and the first 12 hex digits of a hash of its text: which configuration
  /// is running.
  std::string path;
  std::string digest;
  /// .proto files or folders of them, relative to the configuration file's folder; resolved to absolute
  /// paths.
  std::vector<std::string> schemas;
  std::map<std::string, Topic> topics;
  std::vector<Route> routes;
  /// Those the file says something about; policy_of() knows the others too.
  std::map<std::string, Service> services;
  std::map<std::string, Flow> flows;
  /// What can be used and is probably not what was meant: each as problems are reported.
  std::vector<std::string> warnings;
  Broker broker;
  Tracker tracker;
  Gateway gateway;
  Alerts alerts;
  Traces traces;

  /// How deliveries to `service` are treated: as the file says, or by the defaults.
  [[nodiscard]] Service policy_of(const std::string& service) const {
    const auto found = services.find(service);
    return found == services.end() ? Service{} : found->second;
  }
};

}  // namespace reel::config
