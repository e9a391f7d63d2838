// `reel completion bash|zsh|fish`: a script that completes commands, options, topics and flows.
//
// Commands and options are written down from the command line's own declaration; topics and flows are asked
// of a running bus at the moment of the Tab, with little patience and no complaint where there is none.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cli/invocation.h"

namespace reel::cli {
namespace {

struct Word {
  std::string text;
  std::string about;
  std::string values;  ///< what may stand behind it, where that is a choice of words
};

struct Command {
  Word name;
  std::vector<Word> options;
  std::string values;  ///< of its argument, where that is a choice of words
};

/// "text json" of an option that is checked to be one of them.
std::string values_of(CLI::Option& option) {
  std::string set;
  try {
    set = option.get_validator(0)->get_description();  // "{text,json}"
  } catch (const CLI::OptionNotFound&) {
    return "";  // it takes anything
  }
  if (!set.starts_with('{') || !set.ends_with('}')) return "";
  std::replace(set.begin(), set.end(), ',', ' ');
  return set.substr(1, set.size() - 2);
}

std::vector<Word> options_of(CLI::App& app) {
  std::vector<Word> words;
  for (CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      words.push_back({"--" + name, option->get_description(), values_of(*option)});
    for (const std::string& name : option->get_snames())
      words.push_back({"-" + name, option->get_description(), values_of(*option)});
  }
  return words;
}

/// The commands, each with the options that are its own: --help stands among the global ones.
std::vector<Command> commands_of(CLI::App& app) {
  const auto globals = options_of(app);
  const auto is_global = [&](const Word& word) {
    return std::any_of(globals.begin(), globals.end(),
                       [&](const Word& one) { return one.text == word.text; });
  };
  std::vector<Command> commands;
  for (CLI::App* each : app.get_subcommands({})) {
    Command command{{each->get_name(), each->get_description(), ""}, options_of(*each), ""};
    std::erase_if(command.options, is_global);
    for (CLI::Option* option : each->get_options()) {
      if (option->get_positional()) command.values += values_of(*option);
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

template <class Words>
std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

std::string command_names(const std::vector<Command>& commands) {
  std::vector<Word> names;
  for (const Command& command : commands) names.push_back(command.name);
  return joined(names);
}

/// The first column of a listing, without its heading.
std::string first_column(const std::string& listing) {
  return fmt::format("reel {} --timeout 300ms 2>/dev/null | awk 'NR > 1 {{print $1}}'", listing);
}

/// "--state) choices=…": for each option whose value is a choice of words.
std::string value_cases(const std::vector<Word>& options) {
  std::string text;
  for (const Word& option : options) {
    if (!option.values.empty())
      text += fmt::format("    {}) choices=\"{}\" ;;\n", option.text, option.values);
  }
  return text;
}

/// bash and zsh differ only in how they hand over the words and take the answer.
std::string posix_cases(CLI::App& app, const std::vector<Command>& commands) {
  const auto globals = options_of(app);
  std::string text = "  case $previous in\n" + value_cases(globals);
  for (const Command& command : commands) text += value_cases(command.options);
  text += fmt::format("    --topic|--missing) choices=\"$({})\" ;;\n", first_column("topics"));
  text += "    *) case $command in\n";
  text += fmt::format("      '') choices=\"{} {}\" ;;\n", command_names(commands), joined(globals));
  for (const Command& command : commands) {
    std::string more;
    if (command.name.text == "pub" || command.name.text == "explain")
      more = " $(" + first_column("topics") + ")";
    if (command.name.text == "flow") more = " $(" + first_column("flows") + ")";
    if (!command.values.empty()) more += " " + command.values;
    const std::string own = joined(command.options);
    text += fmt::format("      {}) choices=\"{}{}{}{}\" ;;\n", command.name.text, own, own.empty() ? "" : " ",
                        joined(globals), more);
  }
  return text + "    esac ;;\n  esac\n";
}

std::string bash_script(CLI::App& app) {
  const auto commands = commands_of(app);
  std::string names = command_names(commands);
  for (char& byte : names) byte = byte == ' ' ? '|' : byte;
  return "# reel completion bash >/etc/bash_completion.d/reel, or: source <(reel completion bash)\n"
         "_reel() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word "
         "choices=\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in " +
         names +
         ") command=$word; break ;; esac\n"
         "  done\n" +
         posix_cases(app, commands) +
         "  COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
         "  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -F _reel reel";
}

std::string zsh_script(CLI::App& app) {
  const auto commands = commands_of(app);
  std::string names = command_names(commands);
  for (char& byte : names) byte = byte == ' ' ? '|' : byte;
  return "#compdef reel\n"
         "# reel completion zsh >\"${fpath[1]}/_reel\", or: source <(reel completion zsh)\n"
         "_reel() {\n"
         "  local previous=${words[CURRENT-1]} command= word line=(${words[2,CURRENT-1]})\n"
         "  for word in $line; do\n"
         "    case $word in " +
         names +
         ") command=$word; break ;; esac\n"
         "  done\n"
         "  local choices=\n" +
         posix_cases(app, commands) +
         "  compadd -- ${=choices} || _files\n"
         "}\n"
         "compdef _reel reel";
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char byte : text) out += byte == '\'' ? std::string{"\\'"} : std::string{byte};
  return out + "'";
}

std::string fish_option(const std::string& condition, const Word& word) {
  const bool is_long = word.text.starts_with("--");
  const std::string values = word.values.empty() ? "" : fmt::format(" -x -a '{}'", word.values);
  return fmt::format("complete -c reel{} -{} {}{} -d {}\n", condition, is_long ? "l" : "s",
                     word.text.substr(is_long ? 2 : 1), values, quoted(word.about));
}

std::string fish_script(CLI::App& app) {
  std::string text = "# reel completion fish >~/.config/fish/completions/reel.fish\n";
  for (const Word& word : options_of(app)) text += fish_option("", word);
  for (const Command& command : commands_of(app)) {
    text += fmt::format("complete -c reel -f -n __fish_use_subcommand -a {} -d {}\n", command.name.text,
                        quoted(command.name.about));
    const std::string condition = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name.text);
    for (const Word& word : command.options) text += fish_option(condition, word);
    if (!command.values.empty())
      text += fmt::format("complete -c reel -f{} -a '{}'\n", condition, command.values);
  }
  text += fmt::format("complete -c reel -f -n '__fish_seen_subcommand_from pub explain' -a \"({})\"\n",
                      "reel topics --timeout 300ms 2>/dev/null | awk 'NR > 1 {print \\$1}'");
  text += fmt::format("complete -c reel -f -n '__fish_seen_subcommand_from flow' -a \"({})\"\n",
                      "reel flows --timeout 300ms 2>/dev/null | awk 'NR > 1 {print \\$1}'");
  text.pop_back();  // the line's end is printed with it
  return text;
}

}  // namespace

void add_completion(CLI::App& app, Invocation& invocation) {
  auto shell = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("completion", "Print a script that completes reel's arguments")->group("Shell");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &invocation, shell] {
    invocation.run = [&app, shell](Invocation& given) {
      given.out.line(*shell == "bash"  ? bash_script(app)
                     : *shell == "zsh" ? zsh_script(app)
                                       : fish_script(app));
      return exit_code::ok;
    };
  });
}

}  // namespace reel::cli
