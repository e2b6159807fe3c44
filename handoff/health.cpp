// SPDX-License-Identifier: Apache-2.0
#include "handoff/health.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"
#include "base/printable.hpp"
#include "updater/history.hpp"
#include "updater/running.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using base::Kind;
using std::chrono::milliseconds;

constexpr std::array greenboot = {"/usr/lib/greenboot", "/etc/greenboot"};
constexpr std::chrono::seconds pause{1};

void take(const base::ConfigItem &item, HealthSettings &settings)
{
  if (item.section.starts_with("X-") || item.key.starts_with("X-"))
    return;
  if (item.section == "Health" && item.key == "RequiredUnits") {
    const auto units = base::split_quoted(item.value);
    if (!units)
      base::fail(Kind::config, "{}: a quote in RequiredUnits= is not closed", item.place());
    if (item.value.empty())
      settings.required_units.clear();
    settings.required_units.insert(settings.required_units.end(), units->begin(), units->end());
  } else if (item.section == "Health" && item.key == "Deadline") {
    const auto span = base::parse_duration(item.value);
    if (!span || span->count() == 0)
      base::fail(Kind::config,
                 "{}: Deadline={} is no time span; write one such as 5min",
                 item.place(),
                 item.value);
    settings.deadline = *span;
  } else {
    base::fail(Kind::config,
               "{}: [{}] {}= is not known; [Health] has RequiredUnits= and Deadline=",
               item.place(),
               item.section,
               item.key);
  }
}

/// What can be run in one of greenboot's directories, by its path beneath the root.
std::vector<std::string> programs_in(const base::Host &host, const std::string &place)
{
  std::vector<std::string> programs;
  for (const std::string parent : greenboot) {
    const std::string path = parent + "/" + place;
    const auto dir = host.root.find_dir(path);
    std::vector<std::string> names;
    for (const base::DirEntry &entry : dir ? dir->entries() : std::vector<base::DirEntry>{}) {
      const auto status = dir->target_status(entry.name);
      if (status && S_ISREG(status->st_mode) && (status->st_mode & 0111U) != 0)
        names.push_back(path + "/" + entry.name);
    }
    std::sort(names.begin(), names.end());
    programs.insert(programs.end(), names.begin(), names.end());
  }
  return programs;
}

std::string first_line(std::string text)
{
  text = base::printable(text.substr(0, text.find('\n')));
  return text.empty() ? "" : ": " + text;
}

/// All checks of a system share one deadline.
class Examination {
public:
  Examination(const base::Host &host, const HealthSettings &settings)
      : host_(host), end_(host.clock.monotonic() + settings.deadline)
  {
  }

  /// A unit that is starting is waited for.
  [[nodiscard]] std::string unit(const std::string &name) const
  {
    std::string state = state_of(name);
    while ((state == "activating" || state == "reloading") && left() > milliseconds(0)) {
      host_.clock.sleep(pause);
      state = state_of(name);
    }
    return state == "active" ? "" : fmt::format("it is {}", state.empty() ? "unknown" : state);
  }

  [[nodiscard]] std::string program(const std::string &path) const
  {
    if (left() <= milliseconds(0))
      return "the deadline has passed before its turn";
    try {
      const base::Finished done =
          host_.programs.run({.argv = {host_.root.display(path)}, .limit = left()});
      return done.status == 0
                 ? ""
                 : fmt::format("it ended with {}{}",
                               done.status,
                               first_line(done.errors.empty() ? done.output : done.errors));
    } catch (const base::Error &error) {
      return error.what();
    }
  }

private:
  [[nodiscard]] milliseconds left() const { return end_ - host_.clock.monotonic(); }

  [[nodiscard]] std::string state_of(const std::string &unit) const
  {
    const base::Finished done = host_.programs.run({.argv = {"systemctl",
                                                             "--no-ask-password",
                                                             "show",
                                                             "--property=ActiveState",
                                                             "--value",
                                                             "--",
                                                             unit}});
    return done.output.substr(0, done.output.find('\n'));
  }

  const base::Host &host_;
  milliseconds end_;
};

} // namespace

HealthSettings read_health_settings(const base::Host &host)
{
  HealthSettings settings;
  for (const base::ConfigItem &item : base::read_own_settings(host.root, "health.conf"))
    take(item, settings);
  return settings;
}

std::vector<HealthCheck> check_health(const base::Host &host, const HealthSettings &settings)
{
  const Examination examination(host, settings);
  std::vector<HealthCheck> checks;
  for (const std::string &unit : settings.required_units)
    checks.push_back({.name = unit, .failure = examination.unit(unit)});
  for (const bool is_required : {true, false})
    for (const std::string &path :
         programs_in(host, is_required ? "check/required.d" : "check/wanted.d"))
      checks.push_back({path, is_required, examination.program(path)});
  return checks;
}

bool is_good(const std::vector<HealthCheck> &checks)
{
  return std::none_of(checks.begin(), checks.end(), [](const HealthCheck &each) {
    return each.is_required && !each.failure.empty();
  });
}

std::string failures_of(const std::vector<HealthCheck> &checks)
{
  std::string text;
  for (const HealthCheck &each : checks)
    if (each.is_required && !each.failure.empty())
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", each.name, each.failure);
  return text;
}

void note_bad_health(const base::Host &host, const std::vector<HealthCheck> &checks)
{
  updater::note(host,
                {.action = "health",
                 .version = updater::running_version(host),
                 .outcome = "bad",
                 .detail = failures_of(checks)});
}

void tell_of_health(const base::Host &host, bool good)
{
  const Examination examination(host, {});
  for (const std::string &path : programs_in(host, good ? "green.d" : "red.d"))
    if (const std::string failure = examination.program(path); !failure.empty())
      host.say(base::Level::notice, "{}: {}", path, failure);
}

std::string reason_to_stay(const std::vector<MenuEntry> &menu)
{
  const auto running =
      std::find_if(menu.begin(), menu.end(), [](const MenuEntry &each) { return each.is_running; });
  if (running == menu.end())
    return "no boot entry is known to be what runs";
  if (!running->entry.name.tries)
    return fmt::format("{} was found good before, and is not on trial", running->file);
  const bool has_other = std::any_of(menu.begin(), menu.end(), [&](const MenuEntry &each) {
    return &each != &*running && each.can_boot();
  });
  return has_other ? "" : "nothing else can boot";
}

} // namespace handoff
