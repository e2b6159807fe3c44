// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_mirrors.hpp"

#include <algorithm>

namespace updater {

std::chrono::milliseconds back_off(unsigned failures,
                                   double chance,
                                   std::optional<std::chrono::seconds> wished,
                                   const TransportOptions &options)
{
  std::chrono::milliseconds longest = std::min(options.retry_delay, options.retry_delay_max);
  for (unsigned failure = 1; failure < failures && longest < options.retry_delay_max; ++failure)
    longest = std::min(longest * 2, options.retry_delay_max);
  const auto half = longest / 2;
  const auto chosen = half + std::chrono::milliseconds(static_cast<std::int64_t>(
                                 chance * static_cast<double>((longest - half).count())));
  if (!wished)
    return chosen;
  return std::max<std::chrono::milliseconds>(chosen, std::min(*wished, options.retry_after_max));
}

base::Kind graver(base::Kind first, base::Kind second)
{
  return second == base::Kind::untrusted || first == base::Kind::network ? second : first;
}

void Penalties::block(const std::string &origin, std::chrono::milliseconds until)
{
  auto &present = until_[origin];
  present = std::max(present, until);
}

void Penalties::clear(const std::string &origin)
{
  until_.erase(origin);
}

std::chrono::milliseconds Penalties::until(const std::string &origin) const
{
  const auto found = until_.find(origin);
  return found == until_.end() ? std::chrono::milliseconds::min() : found->second;
}

Mirrors::Mirrors(const std::vector<std::string> &urls)
{
  if (urls.empty())
    base::fail(base::Kind::internal, "an object is to be fetched from nowhere");
  for (const std::string &url : urls)
    places_.push_back({Url::parse(url)});
}

std::optional<Mirrors::Choice> Mirrors::choose(const Penalties &penalties,
                                               std::chrono::milliseconds now) const
{
  std::optional<Choice> best;
  for (std::size_t mirror = 0; mirror < places_.size(); ++mirror) {
    const Place &place = places_[mirror];
    if (place.standing != Standing::open)
      continue;
    const auto at = std::max(now, penalties.until(place.url.origin()));
    if (!best || at < best->at)
      best = {mirror, at};
  }
  return best;
}

void Mirrors::set_missing(std::size_t mirror)
{
  places_[mirror].standing = Standing::missing;
  places_[mirror].why = "the server does not have it";
}

std::optional<unsigned>
Mirrors::set_failed(std::size_t mirror, const Failure &failure, unsigned retry_max)
{
  Place &place = places_[mirror];
  place.why = failure.why;
  place.kind = failure.kind;
  ++place.failures;
  if (failure.remedy == Remedy::retry && place.failures <= retry_max)
    return place.failures;
  place.standing = Standing::out;
  return std::nullopt;
}

bool Mirrors::all_missing() const
{
  return std::ranges::all_of(
      places_, [](const Place &place) { return place.standing == Standing::missing; });
}

bool Mirrors::any_missing() const
{
  return std::ranges::any_of(
      places_, [](const Place &place) { return place.standing == Standing::missing; });
}

base::Error Mirrors::error() const
{
  if (places_.size() == 1)
    return {places_[0].kind,
            fmt::format("cannot fetch {}: {}", places_[0].url.shown(), places_[0].why)};
  base::Kind kind = base::Kind::network;
  std::string text = fmt::format("none of {} mirrors is of use:", places_.size());
  for (const Place &place : places_) {
    kind = graver(kind, place.kind);
    text += fmt::format("{} {} ({})",
                        &place == &places_.front() ? "" : ";",
                        place.url.shown(),
                        place.why.empty() ? "not asked any more" : place.why);
  }
  return {kind, std::move(text)};
}

} // namespace updater
