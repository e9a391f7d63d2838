// A connection to a NATS server, and its errors as exceptions.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "process.h"
#include "task.h"

namespace reel::bench {

inline void must(natsStatus status, const char* what) {
  if (status != NATS_OK) throw std::runtime_error{std::string{what} + ": " + natsStatus_GetText(status)};
}

template <class T, void (*destroy)(T*)>
struct NatsDeleter {
  void operator()(T* object) const { destroy(object); }
};
template <class T, void (*destroy)(T*)>
using NatsOwned = std::unique_ptr<T, NatsDeleter<T, destroy>>;

using NatsConnection = NatsOwned<natsConnection, natsConnection_Destroy>;

/// Where a rate is asked for, each message is sent at once; else the library gathers what it can.
[[nodiscard]] inline NatsConnection connect_nats(const Task& task) {
  natsOptions* made = nullptr;
  must(natsOptions_Create(&made), "nats options");
  const NatsOwned<natsOptions, natsOptions_Destroy> options{made};
  must(natsOptions_SetURL(made, task.endpoint.text().c_str()), "nats url");
  must(natsOptions_SetSendAsap(made, task.rate_per_s > 0), "nats options");
  natsConnection* connection = nullptr;
  must(natsConnection_Connect(&connection, made), "nats connect");
  return NatsConnection{connection};
}

/// Writes a configuration, with `more` in it, starts the server and waits until it answers.
[[nodiscard]] std::unique_ptr<test::Process> start_nats(Task& task, const std::string& more);
[[nodiscard]] std::string missing_nats();

}  // namespace reel::bench
