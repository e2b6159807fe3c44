// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/fetch_options.hpp"
#include "updater/fetch_reply.hpp"
#include "updater/fetch_url.hpp"

#include <map>

namespace updater {

/// How long to wait after the `failures`th failure in a row (1 or more): doubled each time, and
/// between half of that and all of it by `chance` (0 to 1), so that machines which failed together
/// do not come back together. A server's own wish counts if it is longer, up to retry_after_max.
std::chrono::milliseconds back_off(unsigned failures,
                                   double chance,
                                   std::optional<std::chrono::seconds> wished,
                                   const TransportOptions &options);

/// Of two failures the one to say: a place that broke a trust rule is worth more attention than one
/// that is merely down.
base::Kind graver(base::Kind first, base::Kind second);

/// Until when which origin is left alone. Shared by all objects: what one learnt spares the others
/// the same wait for nothing.
class Penalties {
public:
  void block(const std::string &origin, std::chrono::milliseconds until);
  void clear(const std::string &origin);
  [[nodiscard]] std::chrono::milliseconds until(const std::string &origin) const;

private:
  std::map<std::string, std::chrono::milliseconds> until_;
};

/// The places where one object can be had, and what is known of each.
class Mirrors {
public:
  explicit Mirrors(const std::vector<std::string> &urls);

  struct Choice {
    std::size_t mirror;
    std::chrono::milliseconds at; ///< the present, or later if all are to be left alone
  };

  /// The one that may be asked soonest, of equal ones the best; nothing if no mirror is left.
  [[nodiscard]] std::optional<Choice> choose(const Penalties &penalties,
                                             std::chrono::milliseconds now) const;

  [[nodiscard]] const Url &url(std::size_t mirror) const { return places_[mirror].url; }

  void set_missing(std::size_t mirror);
  /// Notes a failure. Returns how many there were in a row, or nothing if that was one too many
  /// (or one that asking again cannot mend) and this mirror is out.
  std::optional<unsigned>
  set_failed(std::size_t mirror, const Failure &failure, unsigned retry_max);

  /// Much came from it before it failed: it deserves its retries anew.
  void forgive(std::size_t mirror) { places_[mirror].failures = 0; }

  [[nodiscard]] bool all_missing() const;
  [[nodiscard]] bool any_missing() const;
  /// The error that says of each mirror why it was no use.
  [[nodiscard]] base::Error error() const;

private:
  enum class Standing { open, missing, out };

  struct Place {
    Url url;
    Standing standing = Standing::open;
    unsigned failures = 0;
    std::string why = {};
    base::Kind kind = base::Kind::network;
  };

  std::vector<Place> places_;
};

} // namespace updater
