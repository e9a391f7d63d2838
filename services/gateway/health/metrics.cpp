#include "gateway/health/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "event/cause_word.h"
#include "event/time_counts.h"

namespace reel::gateway {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double seconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

/// Families of one page. A family without rows is left out.
class Page {
 public:
  /// What one row is about: names and values of its labels.
  using Labels = std::vector<ClientMetric::Label>;

  class Family {
   public:
    explicit Family(MetricFamily family) : family_{std::move(family)} {}
    void add(const Labels& labels, double value) {
      ClientMetric row;
      row.label = labels;
      if (family_.type == MetricType::Counter) {
        row.counter.value = value;
      } else {
        row.gauge.value = value;
      }
      family_.metric.push_back(std::move(row));
    }
    void add(ClientMetric row) { family_.metric.push_back(std::move(row)); }

   private:
    friend class Page;
    MetricFamily family_;
  };

  Family& counter(const std::string& name, const std::string& help) {
    return family(name, help, MetricType::Counter);
  }
  Family& gauge(const std::string& name, const std::string& help) {
    return family(name, help, MetricType::Gauge);
  }
  Family& histogram(const std::string& name, const std::string& help) {
    return family(name, help, MetricType::Histogram);
  }
  void gauge(const std::string& name, const std::string& help, double value) {
    gauge(name, help).add({}, value);
  }
  void counter(const std::string& name, const std::string& help, double value) {
    counter(name, help).add({}, value);
  }

  [[nodiscard]] std::string text() const {
    std::vector<MetricFamily> some;
    for (const auto& family : families_) {
      if (!family->family_.metric.empty()) some.push_back(family->family_);
    }
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, some);
    return out.str();
  }

 private:
  Family& family(const std::string& name, const std::string& help, MetricType type) {
    families_.push_back(std::make_unique<Family>(MetricFamily{name, help, type, {}}));
    return *families_.back();
  }
  std::vector<std::unique_ptr<Family>> families_;
};

// Rows up to labels_max, and one more for all the others: those beyond, and what has no row, where there is.
template <class Rows, class Value>
void add_rows(Page::Family& family, const char* label, const Rows& rows, Value value, double others = 0) {
  std::size_t count = 0;
  const bool have_others = others > 0;
  for (const auto& row : rows) {
    const auto& [name, number] = value(row);
    if (count++ < labels_max) {
      family.add({{label, name}}, number);
    } else {
      others += number;
    }
  }
  if (have_others || count > labels_max) family.add({{label, "other"}}, others);
}

void add_status(Page& page, const v1::StatusReply& status) {
  page.gauge("reel_broker_start_time_seconds", "When the broker started.", seconds(status.started_at()));
  page.gauge("reel_broker_resident_memory_bytes", "Memory of the broker.",
             static_cast<double>(status.memory_bytes()));
  page.gauge("reel_broker_sessions", "Clients connected to the broker.", status.sessions());
  page.gauge("reel_journal_writable", "Whether the journal can be written: publishes are refused where not.",
             status.journal_error().empty() ? 1 : 0);
  page.gauge("reel_journal_begin_offset", "The oldest event that the journal holds.",
             static_cast<double>(status.begin_offset()));
  page.gauge("reel_journal_end_offset", "Where the next event will stand.",
             static_cast<double>(status.end_offset()));
  page.gauge("reel_journal_queue_bytes", "What waits to be written.",
             static_cast<double>(status.journal_queue_bytes()));
  page.gauge("reel_events_delayed", "Events that wait for their delivertime.",
             static_cast<double>(status.delayed()));
  page.counter("reel_stale_settles_total", "Settlements of deliveries that were not made.",
               static_cast<double>(status.stale_settles()));
  page.counter("reel_checks_cut_total", "Checks of instances that the broker left out or cut.",
               static_cast<double>(status.checks_cut()));
  page.counter("reel_chosen_ids_forgotten_early_total",
               "Chosen ids forgotten before dedup_window had passed: there were more than dedup_ids_max.",
               static_cast<double>(status.chosen_ids_forgotten_early()));
  add_rows(page.counter("reel_frames_refused_total", "Frames that the broker refused."), "reason",
           status.refused(), [](const auto& row) {
             return std::pair{row.first, static_cast<double>(row.second)};
           });
}

void add_topics(Page& page, const v1::TopicsReply& reply) {
  const auto by_topic = [&](const char* name, const char* help,
                            std::uint64_t (v1::TopicsReply::Topic::*count)() const) {
    add_rows(page.counter(name, help), "topic", reply.topics(), [count](const v1::TopicsReply::Topic& topic) {
      return std::pair{topic.topic(), static_cast<double>((topic.*count)())};
    });
  };
  using Topic = v1::TopicsReply::Topic;
  by_topic("reel_events_published_total", "Events accepted since the broker started.", &Topic::published);
  by_topic("reel_events_unrouted_total", "Of these, events that no service wanted.", &Topic::unrouted);
  by_topic("reel_events_refused_total", "Events that the broker refused.", &Topic::refused);
}

void add_services(Page& page, const v1::ServicesReply& reply) {
  using Service = v1::ServicesReply::Service;
  const auto failed_checks = [](const Service& service) {
    return std::count_if(service.checks().begin(), service.checks().end(),
                         [](const v1::ServiceCheck& check) { return check.failed() > 0; });
  };
  // Those that end with their connection, and those that only publish, come and go under names of their own,
  // as many as clients like.
  std::vector<const Service*> lasting;
  double failed_of_others = 0;
  for (const auto& service : reply.services()) {
    if (!service.ephemeral() && !service.patterns().empty()) {
      lasting.push_back(&service);
    } else {
      failed_of_others += static_cast<double>(failed_checks(service));
    }
  }
  const auto rows = [&](Page::Family& family, auto value) {
    add_rows(family, "service", lasting, [&](const Service* service) {
      return std::pair{service->service(), static_cast<double>(value(*service))};
    });
  };
  const auto age = [&reply](const Service& service) {
    const auto oldest = service.oldest_unsettled();
    return oldest == 0 || oldest > reply.now() ? 0.0 : seconds(reply.now() - oldest);
  };
  rows(page.gauge("reel_service_instances", "Instances connected."),
       [](const Service& s) { return s.instances_size(); });
  rows(page.gauge("reel_service_waiting_events", "Events not settled yet, those in flight included."),
       [](const Service& s) { return s.waiting(); });
  rows(page.gauge("reel_service_in_flight_events", "Events handed over and not answered."),
       [](const Service& s) { return s.in_flight(); });
  rows(page.gauge("reel_service_oldest_unsettled_seconds", "Age of the oldest event that is not settled."),
       age);
  std::vector<const Service*> draining;
  std::copy_if(lasting.begin(), lasting.end(), std::back_inserter(draining),
               [](const Service* s) { return s->drained_in() != 0; });
  add_rows(page.gauge("reel_service_drained_in_seconds",
                      "How long until nothing waits, as things go; missing where nobody can say."),
           "service", draining, [](const Service* s) {
             return std::pair{s->service(), seconds(s->drained_in())};
           });
  rows(page.gauge("reel_service_retrying_events", "Events that failed and are tried again."),
       [](const Service& s) { return s.retrying(); });
  rows(page.gauge("reel_service_dead_events", "Dead letters."), [](const Service& s) { return s.dead(); });
  rows(page.gauge("reel_service_parked_events", "Events behind a dead letter of their key."),
       [](const Service& s) { return s.parked(); });
  rows(page.gauge("reel_service_paused", "Whether it is paused."),
       [](const Service& s) { return s.paused_until() != 0 ? 1 : 0; });
  add_rows(
      page.gauge("reel_service_failed_checks", "Checks of it that fail on some instance."), "service",
      lasting,
      [&](const Service* s) {
        return std::pair{s->service(), static_cast<double>(failed_checks(*s))};
      },
      failed_of_others);
  rows(page.counter("reel_service_acked_total", "Deliveries acked since the broker started."),
       [](const Service& s) { return s.acked(); });
  rows(page.counter("reel_service_nacked_total", "Deliveries that failed since the broker started."),
       [](const Service& s) { return s.nacked(); });
}

void add_flows(Page& page, const v1::SummaryReply& summary) {
  auto& flows = page.gauge("reel_flows", "Flows by definition and state.");
  std::size_t count = 0;
  for (const auto& definition : summary.definitions()) {
    if (count++ == labels_max) break;
    const auto add = [&](const char* state, std::uint64_t number) {
      flows.add({{"definition", definition.name()}, {"state", state}}, static_cast<double>(number));
    };
    add("open", definition.open());
    add("overdue", definition.overdue());
    add("completed", definition.completed());
  }
  page.gauge("reel_flows_untracked", "Flows that no definition applies to.",
             static_cast<double>(summary.untracked()));
  page.gauge("reel_flows_overdue", "Flows with something overdue.", static_cast<double>(summary.overdue()));
  page.gauge("reel_tracker_offset", "The tracker has handled what stands before this.",
             static_cast<double>(summary.offset()));
}

// What the broker or the tracker has counted, as it has: the classes are the same everywhere.
ClientMetric times_row(Page::Labels labels, const v1::TimesReply::Times& times) {
  ClientMetric row;
  row.label = std::move(labels);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= TimeCounts::bounds.size(); ++i) {
    const bool last = i == TimeCounts::bounds.size();
    if (static_cast<int>(i) < times.counts_size()) below += times.counts(static_cast<int>(i));
    row.histogram.bucket.push_back(
        {below, last ? std::numeric_limits<double>::infinity() : seconds(TimeCounts::bounds[i])});
  }
  row.histogram.sample_count = below;
  row.histogram.sample_sum = seconds(times.sum());
  return row;
}

void add_service_times(Page& page, const v1::TimesReply& times) {
  auto& handling = page.histogram("reel_service_handling_seconds",
                                  "From handing an event over to its ack, since the broker started.");
  for (int i = 0; i < times.services_size() && i < static_cast<int>(histograms_max); ++i) {
    const auto& service = times.services(i);
    handling.add(times_row({{"service", service.service()}}, service.handling()));
  }
  page.histogram("reel_broker_commit_seconds",
                 "From the admission of a batch to where its publisher is told that it is committed.")
      .add(times_row({}, times.committing()));
}

template <class Topics>
std::string joined(const Topics& topics, const char* between) {
  std::string all;
  for (const auto& topic : topics) all += (all.empty() ? "" : between) + topic;
  return all;
}

void add_edge_times(Page& page, const v1::TimesReply& times) {
  auto& came =
      page.histogram("reel_flow_edge_seconds",
                     "From what a definition begins to count at to what it expects then, late or not, "
                     "since the tracker started.");
  auto& overdue = page.counter("reel_flow_edge_overdue_total",
                               "Follow-ups that were not there in time, since the tracker started.");
  auto& causes = page.counter("reel_flow_edge_overdue_causes_total",
                              "The same by why they were not there, as found out when the time was over.");
  for (int i = 0; i < times.edges_size() && i < static_cast<int>(histograms_max); ++i) {
    const auto& edge = times.edges(i);
    const Page::Labels labels{
        {"definition", edge.definition()},
        {"from", edge.after()},
        {"to", edge.expected().empty() ? "end" : joined(edge.expected(), edge.any_of() ? "|" : "&")}};
    came.add(times_row(labels, edge.came()));
    overdue.add(labels, static_cast<double>(edge.overdue()));
    for (const auto& one : edge.overdue_for()) {
      auto with_cause = labels;
      with_cause.push_back({"cause", cause_word(one.cause())});
      causes.add(with_cause, static_cast<double>(one.overdue()));
    }
  }
}

void add_traces(Page& page, const TraceCounts& traces) {
  page.gauge("reel_traces_waiting_flows", "Flows that are to be sent as traces.",
             static_cast<double>(traces.waiting));
  page.counter("reel_traces_exported_total", "Flows that were sent as traces.",
               static_cast<double>(traces.exported));
  page.counter("reel_traces_failed_requests_total", "Requests to the tracing back end that failed.",
               static_cast<double>(traces.requests_failed));
  page.counter("reel_traces_rejected_spans_total", "Spans that it did not want, of requests it took.",
               static_cast<double>(traces.spans_rejected));
  auto& dropped = page.counter("reel_traces_dropped_total", "Flows that were not sent.");
  dropped.add({{"reason", "crowded_out"}}, static_cast<double>(traces.crowded_out));
  dropped.add({{"reason", "unknown"}}, static_cast<double>(traces.unknown));
  dropped.add({{"reason", "refused"}}, static_cast<double>(traces.refused));
  dropped.add({{"reason", "given_up"}}, static_cast<double>(traces.given_up));
}

void add_requests(Page& page, const RequestTimes::Rows& rows) {
  auto& family = page.histogram("reel_gateway_request_duration_seconds",
                                "Requests, from their first byte to the end of their answer.");
  for (const auto& [which, row] : rows) {
    ClientMetric metric;
    metric.label = {{"kind", std::string{which.first}}, {"status", std::string{which.second}}};
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < row.counts.size(); ++i) {
      below += row.counts[i];
      const bool last = i == RequestTimes::bounds.size();
      metric.histogram.bucket.push_back(
          {below, last ? std::numeric_limits<double>::infinity() : RequestTimes::bounds[i]});
    }
    metric.histogram.sample_count = below;
    metric.histogram.sample_sum = row.sum_s;
    family.add(std::move(metric));
  }
}

void add_gateway(Page& page, const Measured& measured) {
  page.gauge("reel_gateway_connections", "HTTP connections.", static_cast<double>(measured.http.connections));
  page.counter("reel_gateway_connections_total", "HTTP connections since the start.",
               static_cast<double>(measured.http.accepted));
  page.counter("reel_gateway_connections_made_room_total",
               "Connections closed while they kept their request back, since another wanted their place.",
               static_cast<double>(measured.http.made_room));
  page.gauge("reel_gateway_bodies_bytes", "Bodies and answers held in memory.",
             static_cast<double>(measured.http.bodies_bytes));
  page.gauge("reel_gateway_stream_clients", "Clients of the event stream.",
             static_cast<double>(measured.streams.clients));
  page.gauge("reel_gateway_stream_subscriptions", "Subscriptions that serve them.",
             static_cast<double>(measured.streams.subscriptions));
  auto& publishes = page.counter("reel_gateway_publishes_total", "Events published over HTTP.");
  publishes.add({{"outcome", "accepted"}}, static_cast<double>(measured.publishes.accepted));
  publishes.add({{"outcome", "duplicate"}}, static_cast<double>(measured.publishes.duplicate));
  publishes.add({{"outcome", "rejected"}}, static_cast<double>(measured.publishes.rejected));
  publishes.add({{"outcome", "unavailable"}}, static_cast<double>(measured.publishes.unavailable));
  publishes.add({{"outcome", "back_pressured"}}, static_cast<double>(measured.publishes.back_pressured));
}

}  // namespace

std::string metrics_text(const Measured& measured) {
  Page page;
  auto& up = page.gauge("reel_up", "Whether it answers.");
  up.add({{"part", "broker"}}, measured.status.reply ? 1 : 0);
  up.add({{"part", "tracker"}}, measured.summary.reply ? 1 : 0);
  if (measured.status.reply) add_status(page, measured.status.reply->status());
  if (measured.topics.reply) add_topics(page, measured.topics.reply->topics());
  if (measured.services.reply) add_services(page, measured.services.reply->services());
  if (measured.service_times.reply) add_service_times(page, measured.service_times.reply->times());
  if (measured.summary.reply) add_flows(page, measured.summary.reply->summary());
  if (measured.edge_times.reply) add_edge_times(page, measured.edge_times.reply->times());
  if (const auto lag = tracker_lag(measured.status, measured.summary))
    page.gauge("reel_tracker_lag_seconds", "How far the tracker is behind the broker.",
               std::chrono::duration<double>{*lag}.count());
  add_requests(page, measured.requests);
  add_gateway(page, measured);
  if (measured.traces) add_traces(page, *measured.traces);
  return page.text();
}

}  // namespace reel::gateway
