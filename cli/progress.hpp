// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "updater/fetch.hpp"

#include <map>
#include <string>

namespace cli {

/// Shows fetches as they happen: on a terminal one line with bytes, rate and time left; with
/// --json (as strake, by verbs that change something) one object a line on standard output, at most
/// twice a second; else nothing.
class Progress final : public updater::FetchObserver {
public:
  enum class Form { none, terminal, json };
  /// Of these options, where standard error is a terminal or not.
  static Form form_of(const Options &options, bool is_terminal);

  /// Writes to `output`: standard error for a terminal, else standard output.
  Progress(Form form, base::Clock &clock, base::Log log, Output output);
  ~Progress() override;

  void progress(const updater::FetchProgress &progress) override;
  void setback(const updater::FetchSetback &setback, std::chrono::milliseconds pause) override;

private:
  struct Object {
    std::uint64_t so_far = 0;
    std::uint64_t total = 0;
  };

  void show();
  void clear_line();

  Form form_;
  base::Clock &clock_;
  base::Log log_;
  Output output_;
  std::map<std::string, Object> objects_;
  std::chrono::milliseconds started_{};
  std::chrono::milliseconds shown_{};
  std::uint64_t at_start_ = 0;
  bool line_is_open_ = false;
};

} // namespace cli
