// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include "cli/json.hpp"
#include "cli/verbs.hpp"

namespace cli {

namespace {

constexpr std::chrono::milliseconds show_every{500};

std::string megabytes(std::uint64_t bytes)
{
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// Who reads what `list --json` says wants one value, however long the manifest takes to come.
bool brings_bytes(const Options &options)
{
  return checked_verb(options).changes && !options.dry_run;
}

} // namespace

Progress::Form Progress::form_of(const Options &options, bool is_terminal)
{
  if (options.json != Json::off && options.face == Face::strake && brings_bytes(options))
    return Form::json;
  return is_terminal ? Form::terminal : Form::none;
}

Progress::Progress(Form form, base::Clock &clock, base::Log log, Output output)
    : form_(form), clock_(clock), log_(std::move(log)), output_(std::move(output))
{
}

Progress::~Progress()
{
  clear_line();
}

void Progress::progress(const updater::FetchProgress &progress)
{
  Object &object = objects_[progress.url];
  object = {progress.so_far, progress.total.value_or(0)};
  const auto now = clock_.monotonic();
  if (started_.count() == 0) {
    started_ = shown_ = now;     // what takes no time needs no word
    at_start_ = progress.so_far; // what was there before says nothing about the rate
  }
  if (now - shown_ >= show_every) {
    shown_ = now;
    show();
  }
}

void Progress::setback(const updater::FetchSetback &setback, std::chrono::milliseconds pause)
{
  clear_line();
  log_(base::Level::notice,
       fmt::format("{}: {}; trying again{}",
                   setback.url,
                   setback.why,
                   pause.count() > 0
                       ? fmt::format(" in {:.1f} s", static_cast<double>(pause.count()) / 1000)
                       : ""));
}

void Progress::show()
{
  Object all;
  for (const auto &[url, object] : objects_) {
    all.so_far += object.so_far;
    all.total += object.total;
  }
  const double seconds = static_cast<double>((shown_ - started_).count()) / 1000;
  const std::uint64_t came = all.so_far - std::min(all.so_far, at_start_);
  const double rate = seconds > 0 ? static_cast<double>(came) / seconds : 0;
  const std::uint64_t missing = all.total - std::min(all.total, all.so_far);
  const double left = rate > 0 ? static_cast<double>(missing) / rate : 0;
  if (form_ == Form::json) {
    Value json;
    json["progress"]["bytes"] = all.so_far;
    json["progress"]["total"] = all.total;
    json["progress"]["bytesPerSecond"] = static_cast<std::uint64_t>(rate);
    json["progress"]["secondsLeft"] = static_cast<std::uint64_t>(left);
    output_(json_text(json, Json::compact));
  } else if (form_ == Form::terminal) {
    output_(fmt::format("\r\x1b[K{} of {}, {}/s, {:.0f} s left",
                        megabytes(all.so_far),
                        megabytes(all.total),
                        megabytes(static_cast<std::uint64_t>(rate)),
                        left));
    line_is_open_ = true;
  }
}

void Progress::clear_line()
{
  if (line_is_open_)
    output_("\r\x1b[K");
  line_is_open_ = false;
}

} // namespace cli
