#include "cli/letter_command.h"

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <iterator>
#include <map>
#include <span>

#include "cli/confirm.h"
#include "cli/interrupt.h"
#include "cli/letter_plan.h"
#include "cli/operator_command.h"
#include "cli/pace.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace reel::cli {
namespace {

/// Letters in one command: a command is one record, and what it brings back comes at once.
constexpr std::size_t portion_letters_max = 256;
/// Sentences about what was left out that are printed; the count says the rest.
constexpr std::size_t sentences_max = 20;

struct Verb {
  const char* name;
  const char* about;
  Failed what;
  Noun noun;
  const char* deed;  ///< "redrive {}": with the letters
  const char* done;
  /// Whether it is asked about first. What only hurries an attempt that is coming anyway is not.
  bool asks;
  v1::Command::Offsets* (v1::Command::*offsets)();
};

constexpr Noun letters{"letter", "letters"};
constexpr Noun events{"event", "events"};

const Verb& verb_of(LetterVerb verb) {
  using C = v1::Command;
  static const std::map<LetterVerb, Verb> verbs{
      {LetterVerb::redrive,
       {"redrive", "Hand dead letters to the service that failed, once more", Failed::dead, letters,
        "redrive {}", "redriven", true, &C::mutable_redrive}},
      {LetterVerb::discard,
       {"discard", "Be done with dead letters: what waits behind them goes on", Failed::dead, letters,
        "discard {}", "discarded", true, &C::mutable_discard}},
      {LetterVerb::retry_now,
       {"now", "Try again at once", Failed::retrying, events, "try {} now", "tried now", false,
        &C::mutable_retry_now}},
      {LetterVerb::give_up,
       {"give-up", "Make dead letters of what is being retried", Failed::retrying, events, "give up {}",
        "given up", true, &C::mutable_give_up}}};
  return verbs.at(verb);
}

struct LetterOptions {
  std::shared_ptr<Selection> selection;
  Caution caution;
  Signature signature;
  double per_second = 0;
};

class LetterCommand {
 public:
  LetterCommand(Invocation& invocation, const Verb& verb, const LetterOptions& options)
      : invocation_{invocation},
        verb_{verb},
        options_{options},
        plan_{verb.what == Failed::dead ? NamedBy::event : NamedBy::attempt} {}

  int run() {
    check_chosen(*options_.selection);
    const bool all_found = gather();
    if (plan_.empty()) {
      if (all_found) invocation_.err.line(fmt::format("no {} match", nouns()));
      return all_found ? exit_code::ok : exit_code::refused;
    }
    if (options_.caution.dry_run) {
      say_plan(invocation_.out);
      return all_found ? exit_code::ok : exit_code::refused;
    }
    if (verb_.asks) {
      if (!options_.caution.yes && somebody_there(invocation_)) say_plan(invocation_.err);
      confirm(invocation_, options_.caution,
              fmt::format(fmt::runtime(verb_.deed), letters_text(plan_, verb_.noun)));
    }
    return tell_all() && all_found ? exit_code::ok : exit_code::refused;
  }

 private:
  [[nodiscard]] const char* nouns() const { return verb_.what == Failed::dead ? "dead letters" : "retries"; }

  /// False where something that was named is not there.
  bool gather() {
    const Selection& selection = *options_.selection;
    std::vector<std::string> unfound = selection.everything_named();
    NamedOnce named_once{selection};
    each_letter(invocation_.globals, verb_.what, selection.service, [&](const Letter& letter) {
      if (!selection.takes(letter)) return true;
      named_once.see(letter);
      selection.strike_out(letter, unfound);
      plan_.add(letter);
      return true;
    });
    for (const std::string& name : unfound)
      invocation_.err.line(fmt::format("{} is not among the {} meant", shown(name), nouns()));
    return unfound.empty();
  }

  void say_plan(Output& out) const {
    if (invocation_.globals.json) {
      for (const ErrorGroup& group : plan_.groups()) {
        out.line(line_of({{"service", group.service},
                          {"command", verb_.name},
                          {"count", group.count},
                          {"group", group_id(group.error)},
                          {"error", group.error}}));
      }
      return;
    }
    Table table{{"SERVICE"}, {"COUNT", Align::right}, {"GROUP"}, {"ERROR"}};
    for (const ErrorGroup& group : plan_.groups()) {
      table.add(
          {{group.service}, {std::to_string(group.count)}, {group_id(group.error)}, {group.error, Ink::red}});
    }
    out.lines(table.lines(out.terminal()));
    if (options_.caution.dry_run) {
      out.line("would " + fmt::format(fmt::runtime(verb_.deed), letters_text(plan_, verb_.noun)));
    }
  }

  /// False where something was left out or not reached.
  bool tell_all() {
    for (const auto& [service, offsets] : plan_.offsets()) told_[service].asked = offsets.size();
    Progress progress{invocation_.err, plan_.count()};
    try {
      const Interrupt interrupt;
      Pace pace{options_.per_second};
      for (const auto& [service, offsets] : plan_.offsets()) {
        if (!tell_service(service, {offsets.begin(), offsets.end()}, pace, interrupt, progress)) break;
      }
    } catch (const Failure&) {
      progress.clear();
      (void)summarise();  // how far it came, before the sentence that says why no farther
      throw;
    }
    progress.clear();
    return summarise();
  }

  /// Portion by portion; false where Ctrl-C ended it.
  bool tell_service(const std::string& service, const std::vector<std::uint64_t>& offsets, Pace& pace,
                    const Interrupt& interrupt, Progress& progress) {
    std::span<const std::uint64_t> left{offsets};
    while (!left.empty()) {
      if (interrupt.wait_until(pace.next())) return false;
      const auto portion = left.first(std::min(pace.portion(portion_letters_max), left.size()));
      pace.sent(portion.size(), Pace::Clock::now());
      tell(service, portion);
      left = left.subspan(portion.size());
      reached_ += portion.size();
      progress.show(reached_, reached_);
    }
    return true;
  }

  void tell(const std::string& service, std::span<const std::uint64_t> portion) {
    v1::Command command = command_for(service, options_.signature);
    (command.*verb_.offsets)()->mutable_offsets()->Add(portion.begin(), portion.end());
    const v1::CommandReply reply = tell_broker(invocation_.globals, std::move(command));
    Told& told = told_[service];
    const std::uint64_t done = std::min<std::uint64_t>(reply.count(), portion.size());
    told.done += done;
    told.left_out += portion.size() - done;
    told.resumed += reply.resumed();
    for (const std::string& sentence : reply.left_out()) {
      if (sentences_.size() < sentences_max) sentences_.push_back(shown(sentence));
    }
  }

  /// Says what became of them; false where that is not all that was wanted.
  bool summarise() {
    for (const std::string& sentence : sentences_) invocation_.err.line(sentence);
    bool all = true;
    for (auto& [service, told] : told_) {
      told.not_reached = told.asked - told.done - told.left_out;
      all = all && told.done == told.asked;
      invocation_.out.line(invocation_.globals.json ? line_of(told_json(service, verb_.name, told))
                                                    : told_text(service, verb_.done, told));
    }
    return all;
  }

  Invocation& invocation_;
  const Verb& verb_;
  const LetterOptions& options_;
  LetterPlan plan_;
  std::map<std::string, Told> told_;  // by service
  std::vector<std::string> sentences_;
  std::uint64_t reached_ = 0;
};

void add_rate(CLI::App& command, double& per_second) {
  command
      .add_option_function<std::string>(
          "--rate",
          [&per_second](const std::string& text) {
            const auto rate = parse_rate(text);
            if (!rate) {
              throw CLI::ValidationError{
                  "--rate", fmt::format("'{}' is not a rate such as 50/s or 600/m", shown(text))};
            }
            per_second = *rate;
          },
          "No more than so many a second")
      ->type_name("N/s");
}

}  // namespace

void add_letter_command(CLI::App& noun, Invocation& invocation, LetterVerb which,
                        const std::shared_ptr<Selection>& selection) {
  const Verb& verb = verb_of(which);
  auto options = std::make_shared<LetterOptions>();
  options->selection = selection;
  auto* command = noun.add_subcommand(verb.name, verb.about);
  add_names(*command, *selection);
  add_filters(*command, *selection);
  add_caution(*command, options->caution);
  add_rate(*command, options->per_second);
  add_signature(*command, options->signature);
  command->callback([&invocation, &verb, options] {
    invocation.run = [&verb, options](Invocation& given) {
      return LetterCommand{given, verb, *options}.run();
    };
  });
}

}  // namespace reel::cli
