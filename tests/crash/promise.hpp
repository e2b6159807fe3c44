// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "crash/machine.hpp"
#include "support/crash_sweep.hpp"

#include <cstddef>
#include <string>

namespace crash {

/// What must hold of a machine whatever a power cut did to a verb. What is empty is not promised.
struct Promise {
  std::string kept;    ///< boots whole at every instant
  std::string newest;  ///< is what boots, whole in all its parts, once the verb has returned
  std::string next;    ///< the same after the next plain update
  std::string gone{};  ///< nothing is left of it once the verb has returned
  std::string event{}; ///< the last one in the history once the verb has returned
};

void update(const base::Host &host);
void acquire(const base::Host &host);
void install_offline(const base::Host &host);
void repair(const base::Host &host);

/// At any instant: no entry boots what is not whole, and the version to keep boots. What is wrong,
/// else nothing.
std::string check_instant(const base::Dir &root, const Promise &promise, Boot boot = Boot::plain);

/// The verb has returned, so that all it promised is on disk.
std::string check_returned(const base::Dir &root, const Promise &promise);

/// The machine is booted again, and updates again: that must succeed and leave nothing to do.
std::string check_next_run(const base::Dir &root, const Promise &promise);

/// All of it.
support::Oracle keeps(const Promise &promise);

/// The same without the next run, which takes a hundred times as long.
support::Oracle keeps_now(const Promise &promise);

/// A drive may spoil the sector it was writing, the header of the primary table too: then the
/// backup must do, and the next run must put the primary back.
support::Oracle survives_a_torn_sector(const Promise &promise);

/// Installs versions on a machine of some shape, and records the update to one more.
support::Recording updating(const std::vector<std::string> &installed,
                            const std::string &next,
                            const Shape &shape = {});

/// No violation, and at least so many states.
void expect_clean(const support::SweepResult &result, std::size_t least);

/// How many distinct states each sweep is known to reach; the tests fail if it becomes fewer.
namespace least {

constexpr std::size_t update_free = 1050;
constexpr std::size_t update_over = 930;
constexpr std::size_t update_large_sectors = 780;
constexpr std::size_t update_torn = 2100;
constexpr std::size_t acquire = 920;
constexpr std::size_t install_acquired = 130;
constexpr std::size_t download = 1250;
constexpr std::size_t download_broken = 150;
constexpr std::size_t download_resumed = 1030;
constexpr std::size_t vacuum = 60;
constexpr std::size_t vacuum_pending = 80;
constexpr std::size_t rollback = 85;
constexpr std::size_t update_after_rollback = 930;
constexpr std::size_t repair = 30;
constexpr std::size_t repair_again = 30;
constexpr std::size_t recovery = 330;
constexpr std::size_t killed = 1350;

static_assert(update_free + update_over + update_large_sectors + update_torn + acquire +
                  install_acquired + download + download_broken + download_resumed + vacuum +
                  vacuum_pending + rollback + update_after_rollback + repair + repair_again +
                  recovery + killed >=
              10'000);

} // namespace least

} // namespace crash
