// Fates: what has become of single events, for every service that subscribes to their topics, at this moment.
//
//   fates.tell_event(event, reply);                  // one by one, as they are found
//   fates.tell_rest(flows, services, …, reply);      // and what flows and services have to do with
//
// Put together from who holds the event (Dispatch), what the journal says about it (Ledger) and whether the
// service wants it at all (Router). What is answered and not in the journal yet counts as in flight: so
// `settled` is said only of what no crash takes back, and with it stands whatever the handler emitted.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "admit/refusals.h"
#include "delay/delays.h"
#include "journal/event_reads.h"
#include "ledger/ledger.h"
#include "reel/v1/query.pb.h"
#include "service/services.h"
#include "session/session.h"

namespace reel::broker {

/// Events, and flows, of one question. What it costs is this times the services subscribed.
inline constexpr int fates_max = 256;

class Fates {
 public:
  Fates(const Ledger& ledger, Services& services, Sessions& sessions, const Delays& delays,
        const Refusals& refusals, CommitLog& log)
      : ledger_{ledger},
        services_{services},
        sessions_{sessions},
        delays_{delays},
        refusals_{refusals},
        log_{log} {}

  void tell_event(const EventAt& at, v1::FatesReply& reply);
  /// `services` are told of, too.
  void tell_rest(const std::vector<std::string>& correlationids, std::set<std::string> services,
                 LogTime offline_since_at_least, v1::FatesReply& reply);

 private:
  void tell_delivery(const std::string& service, const EventAt& at, v1::FatesReply::Delivery& to);
  void tell_held(const Dispatch::Held& held, const v1::Failure* failure, v1::FatesReply::Delivery& to);
  void tell_service(const std::string& service, LogTime offline_since_at_least, v1::FatesReply& reply);
  void tell_flow(const std::string& correlationid, std::uint64_t delayed, v1::FatesReply& reply);

  const Ledger& ledger_;
  Services& services_;
  Sessions& sessions_;
  const Delays& delays_;
  const Refusals& refusals_;
  CommitLog& log_;
};

}  // namespace reel::broker
