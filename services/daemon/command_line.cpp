#include "daemon/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "config/load.h"

namespace reel::daemon {

void add_common(CLI::App& app, std::string& config, std::string& log_level, const char* version) {
  app.set_version_flag("--version", version);
  app.add_option("-c,--config", config, "the mesh's YAML file")->required();
  app.add_option("--log-level", log_level, "how much is said")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
}

int run_program(const char* name, CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  } catch (const config::ConfigError& error) {
    std::cerr << error.what() << '\n';
    return exit_usage;
  } catch (const Misuse& error) {
    std::cerr << error.what() << '\n';
    return exit_usage;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return exit_failed;
  }
}

}  // namespace reel::daemon
