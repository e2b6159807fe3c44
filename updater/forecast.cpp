// SPDX-License-Identifier: Apache-2.0
#include "updater/forecast.hpp"

#include "base/error.hpp"
#include "updater/staging.hpp"
#include "updater/state.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace updater {

namespace {

using base::Level;

/// By its name only; what it really is shows in its first bytes.
bool is_packed(std::string_view name)
{
  constexpr std::array<std::string_view, 5> endings{".xz", ".gz", ".zst", ".bz2", ".lz4"};
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
    return name.ends_with(ending);
  });
}

const Instance *source_of(const Foreseen &foreseen, const Step &step)
{
  for (const Instance &offered : foreseen.inventory.holdings[step.transfer].available)
    if (step.action == Action::acquire && offered.metadata.version == step.fields.version)
      return &offered;
  return nullptr;
}

class Forecasting {
public:
  Forecasting(const base::Host &host, const Foreseen &foreseen) : host_(host), foreseen_(foreseen)
  {
  }

  Forecast run()
  {
    forecast_.costs.resize(foreseen_.plan->steps.size());
    look_at_staging();
    ask_servers();
    for (std::size_t index = 0; index < forecast_.costs.size(); ++index)
      weigh(foreseen_.plan->steps[index], forecast_.costs[index]);
    return std::move(forecast_);
  }

private:
  void look_at_staging()
  {
    if (const auto state = find_state(host_))
      staging_ = state->find_dir("staging");
    const base::Dir room = staging_ ? staging_->again() : near_state(host_);
    forecast_.staging = state_path(host_) + "/staging";
    struct statvfs found = {};
    if (::fstatvfs(room.fd().number(), &found) < 0)
      base::fail_errno("cannot learn the free space of {}", room.path());
    forecast_.staging_free = std::uint64_t{found.f_bavail} * found.f_frsize;
  }

  void ask_servers()
  {
    std::vector<base::Fetch> questions;
    std::vector<std::size_t> askers;
    for (std::size_t index = 0; index < forecast_.costs.size(); ++index) {
      const Instance *source = source_of(foreseen_, foreseen_.plan->steps[index]);
      if (source == nullptr || source->urls.empty())
        continue;
      base::Fetch question;
      question.urls = source->urls;
      question.ask = base::Ask::head;
      questions.push_back(std::move(question));
      askers.push_back(index);
    }
    const std::vector<base::Fetched> answers = heads(questions);
    for (std::size_t number = 0; number < answers.size(); ++number)
      forecast_.costs[askers[number]].fetch = answers[number].response.size;
  }

  std::vector<base::Fetched> heads(const std::vector<base::Fetch> &questions)
  {
    try {
      return host_.fetcher.fetch(questions);
    } catch (const base::Error &error) {
      host_.say(Level::warning, "The sizes of the downloads are not known: {}", error.what());
      return {};
    }
  }

  void weigh(const Step &step, Cost &cost)
  {
    const Instance *source = source_of(foreseen_, step);
    if (source == nullptr) {
      cost.fetch = cost.write = 0;
      return;
    }
    const std::optional<std::uint64_t> size = cost.fetch ? cost.fetch : local_size(step, *source);
    if (step.fields.size)
      cost.write = step.fields.size;
    else if (!is_packed(source->name) && !is_archive(step))
      cost.write = size;
    if (source->urls.empty()) {
      cost.fetch = 0;
      return;
    }
    cost.there = there_already(*source);
    if (!cost.fetch)
      return;
    *cost.fetch -= std::min(*cost.fetch, cost.there);
    if (is_packed(source->name) || is_archive(step))
      forecast_.staging_to_come += *cost.fetch;
  }

  [[nodiscard]] bool is_archive(const Step &step) const
  {
    const ResourceKind kind = foreseen_.inventory.holdings[step.transfer].transfer.source.kind;
    return kind == ResourceKind::tar || kind == ResourceKind::url_tar;
  }

  [[nodiscard]] std::optional<std::uint64_t> local_size(const Step &step,
                                                        const Instance &source) const
  {
    const Reach &way = foreseen_.inventory.ways[step.transfer];
    if (!way.source || !way.source->dir)
      return std::nullopt;
    const auto status = way.source->dir->status(source.name);
    if (!status || !S_ISREG(status->st_mode))
      return std::nullopt;
    return static_cast<std::uint64_t>(status->st_size);
  }

  [[nodiscard]] std::uint64_t there_already(const Instance &source) const
  {
    if (!staging_ || !source.metadata.sha256)
      return 0;
    const auto progress = read_progress(*staging_, *source.metadata.sha256);
    if (!progress)
      return 0;
    const auto blob = staging_->status(blob_name(*source.metadata.sha256));
    return blob && progress->boot_id == boot_id(host_) ? static_cast<std::uint64_t>(blob->st_size)
                                                       : progress->have;
  }

  const base::Host &host_;
  const Foreseen &foreseen_;
  std::optional<base::Dir> staging_;
  Forecast forecast_;
};

} // namespace

Forecast forecast(const base::Host &host, const Foreseen &foreseen)
{
  return foreseen.plan ? Forecasting(host, foreseen).run() : Forecast{};
}

} // namespace updater
