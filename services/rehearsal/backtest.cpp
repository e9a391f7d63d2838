// `reel backtest`: the definitions of a file over a recorded history.
//
// The exit code is that of the history: 1 where a line of it could not be read, since then the counts are not
// all there is; and with --fail-on-violation 1 where something was overdue.
#include <memory>
#include <optional>

#include "cli/audit/journal_reading.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "cli/output.h"
#include "event/subflow.h"
#include "rehearsal/backtest_text.h"
#include "rehearsal/commands.h"
#include "rehearsal/history.h"
#include "story/subscriptions.h"
#include "tracker/verdict.h"

namespace reel::rehearsal {
namespace {

using cli::Failure;
namespace exit_code = cli::exit_code;

DefinitionFile definitions_in(const std::string& path) {
  try {
    DefinitionFile file = read_definitions(path);
    if (file.model.flows.empty())
      throw Failure{exit_code::refused, path + ": defines no flows, so there is nothing to judge by"};
    return file;
  } catch (const config::ConfigError& error) {
    throw Failure{exit_code::refused, error.what()};
  }
}

/// One or two files of definitions over the same events.
class Backtest {
 public:
  explicit Backtest(const cli::BacktestOptions& options)
      : file_{definitions_in(options.config)}, rehearsal_{file_}, record_{file_.topics()} {
    if (options.against.empty()) return;
    other_file_ = definitions_in(options.against);
    other_ = std::make_unique<Rehearsal>(other_file_);
  }

  void read(const std::string& path) {
    read_history(bytes_of(path), record_, [this](const HistoryEvent& event) { judge(event); });
    advance(record_.last_time());
  }

  /// Everything the journal holds by now, in offset order.
  void read_journal(cli::Invocation& invocation) {
    catalog_.emplace(cli::Catalog::fetch(invocation.globals));
    rehearsal_.use_types(catalog_->schemas());
    if (other_) other_->use_types(catalog_->schemas());
    const v1::ServicesReply now = cli::ask_services(invocation.globals);
    HistoryEvent event;
    cli::read_journal(invocation,
                      {.patterns = {">", std::string{tracker::waived_topic}},
                       .end = {.offset = now.end_offset(), .time = now.now()}},
                      [&](const StreamEvent& from) {
                        event.line = from.offset;
                        event.log_time = from.recordedtime;
                        event.id = from.id;
                        event.source = from.source;
                        event.topic = from.topic;
                        event.correlationid = from.correlationid;
                        event.causationid = from.causationid;
                        event.parent =
                            from.has_attributes ? parent_in(attributes_of(from)) : std::string_view{};
                        event.subject = from.subject;
                        event.partitionkey = from.partitionkey;
                        event.data = from.data;
                        event.is_message = true;
                        event.time = from.time;
                        event.dataschema = from.dataschema;
                        event.datacontenttype = from.datacontenttype;
                        event.traceparent = from.traceparent;
                        event.tracestate = from.tracestate;
                        if (const auto view = read_event(from.bytes)) {
                          event.delivertime = view->delivertime;
                          event.expirytime = view->expirytime;
                          event.attributes = reel::attributes_of(view->bytes);
                        }
                        event.replayed = from.replayed;
                        record_.take(event);
                        judge(event);
                        return true;
                      });
    advance(now.now());
  }

  BacktestReport report(const cli::BacktestOptions& options) {
    BacktestReport report{.config = options.config,
                          .history = name_of(options),
                          .record = record_,
                          .flows = rehearsal_.flows(),
                          .duplicates = rehearsal_.duplicates(),
                          .outcome = outcome_of(rehearsal_),
                          .lists = !options.list.empty(),
                          .listed = {},
                          .against = options.against,
                          .comparison = {}};
    if (report.lists) report.listed = flow_verdicts(rehearsal_, report.outcome, wanted(options));
    if (other_) report.comparison = compare(rehearsal_, *other_);
    return report;
  }

 private:
  void judge(const HistoryEvent& event) {
    rehearsal_.see(event);
    if (other_) other_->see(event);
  }

  void advance(std::uint64_t log_time) {
    rehearsal_.advance(log_time);
    if (other_) other_->advance(log_time);
  }

  static std::string name_of(const cli::BacktestOptions& options) {
    if (options.journal) return "the journal";
    return options.events == "-" ? "standard input" : options.events;
  }

  static std::vector<v1::Verdict> wanted(const cli::BacktestOptions& options) {
    std::vector<v1::Verdict> verdicts;
    for (const v1::Verdict verdict : all_verdicts()) {
      for (const std::string& name : options.list) {
        if (name == verdict_name(verdict)) verdicts.push_back(verdict);
      }
    }
    return verdicts;
  }

  DefinitionFile file_;
  DefinitionFile other_file_;
  std::optional<cli::Catalog> catalog_;  // of the broker whose journal is read
  Rehearsal rehearsal_;
  std::unique_ptr<Rehearsal> other_;
  Record record_;
};

}  // namespace

int run_backtest(cli::Invocation& invocation, const cli::BacktestOptions& options) {
  Backtest backtest{options};
  if (options.journal) {
    backtest.read_journal(invocation);
  } else {
    backtest.read(options.events);
  }
  const BacktestReport report = backtest.report(options);
  if (invocation.globals.json) {
    invocation.out.line(story::line_of(backtest_json(report)));
  } else {
    invocation.out.lines(backtest_lines(report, invocation.out.terminal()));
    invocation.out.flush();
    invocation.err.lines(record_notes(report));
  }
  if (report.record.count(Oddity::broken) > 0) return exit_code::refused;
  return options.fail_on_violation && report.outcome.violated() ? exit_code::refused : exit_code::ok;
}

}  // namespace reel::rehearsal
