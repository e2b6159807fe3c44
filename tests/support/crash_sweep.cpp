// SPDX-License-Identifier: Apache-2.0
#include "support/crash_sweep.hpp"

#include "base/error.hpp"
#include "support/choices.hpp"
#include "support/temp_root.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <random>
#include <unordered_set>
#include <utility>

namespace support {

namespace {

using StateVisitor = std::function<bool(const CrashState &)>;

/// Walks through a recording and visits each distinct state once.
class Walk {
public:
  Walk(const Recording &recording,
       const SweepOptions &options,
       std::unordered_set<std::uint64_t> &seen)
      : recording_(recording), options_(options), seen_(seen), random_(options.seed),
        model_(recording.before, options.sectors)
  {
  }

  /// False if the visitor wanted no more.
  bool run(const StateVisitor &visit);

  [[nodiscard]] std::size_t moments() const { return done_ + 1; }

private:
  bool cut(Finished finished, const StateVisitor &visit);
  bool show(const std::vector<Axis> &axes,
            const Choice &choice,
            Finished finished,
            const StateVisitor &visit);
  [[nodiscard]] bool is_new(const std::vector<Axis> &axes, const Choice &choice) const;
  [[nodiscard]] std::string story(const std::vector<Axis> &axes, const Choice &choice) const;

  const Recording &recording_;
  const SweepOptions &options_;
  std::unordered_set<std::uint64_t> &seen_;
  std::mt19937_64 random_;
  CrashModel model_;
  std::size_t done_ = 0;
  bool was_exhaustive_ = false; ///< at the moment before
};

bool Walk::run(const StateVisitor &visit)
{
  if (!cut(Finished::no, visit))
    return false;
  for (const Effect &effect : recording_.effects) {
    model_.apply(effect);
    ++done_;
    if (!cut(Finished::no, visit))
      return false;
  }
  return cut(Finished::yes, visit);
}

bool Walk::cut(Finished finished, const StateVisitor &visit)
{
  const std::vector<Axis> axes = model_.axes();
  const bool exhaustive = combinations(axes, options_.exhaustive) <= options_.exhaustive;
  // After one more change, all states without it were there at the moment before.
  const bool skip_old = exhaustive && was_exhaustive_ && done_ > 0 && finished == Finished::no &&
                        !recording_.effects[done_ - 1].is_sync();
  was_exhaustive_ = exhaustive;
  const ChoiceVisitor show_choice = [&](const Choice &choice) {
    return (skip_old && !is_new(axes, choice)) || show(axes, choice, finished, visit);
  };
  return exhaustive ? every_choice(axes, show_choice)
                    : some_choices(axes, options_.random, random_, show_choice);
}

bool Walk::is_new(const std::vector<Axis> &axes, const Choice &choice) const
{
  for (std::size_t index = 0; index < axes.size(); ++index)
    if (choice[index] > 0 && axes[index].effects[choice[index] - 1] == done_ - 1)
      return true;
  return false;
}

bool Walk::show(const std::vector<Axis> &axes,
                const Choice &choice,
                Finished finished,
                const StateVisitor &visit)
{
  if (options_.sectors == Sectors::torn && !model_.is_torn(choice))
    return true;
  CrashState state{model_.state(choice), finished, {}};
  // The same disk is judged more strictly once the operation has returned.
  if (!seen_.insert(mix(state.tree.hash(), finished == Finished::yes ? 1 : 0)).second)
    return true;
  state.story = story(axes, choice);
  return visit(state);
}

std::string Walk::story(const std::vector<Axis> &axes, const Choice &choice) const
{
  std::string text = fmt::format("cut after {} of {} effects", done_, recording_.effects.size());
  if (done_ > 0)
    text += fmt::format(" (the last: {})", recording_.effects[done_ - 1].text);
  for (std::size_t index = 0; index < axes.size(); ++index) {
    const auto &effects = axes[index].effects;
    const std::size_t kept = choice[index];
    if (kept < effects.size())
      text += fmt::format("\n  lost: {}", recording_.effects[effects[kept]].text);
    else
      text += fmt::format("\n  kept: {}", recording_.effects[effects.back()].text);
  }
  return text;
}

/// Puts states on a disk in memory, one after the other.
class Scratch {
public:
  [[nodiscard]] base::Dir put(const Tree &tree)
  {
    clear();
    path_ = fmt::format("{}/{}", root_.path(), ++count_);
    std::filesystem::create_directory(path_);
    base::Dir dir = base::Dir::open_root(path_);
    tree.write_to(dir);
    return dir;
  }

private:
  void clear()
  {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }

  TempRoot root_{Storage::memory};
  std::string path_;
  std::size_t count_ = 0;
};

class Sweep {
public:
  Sweep(const Oracle &oracle, const SweepOptions &options) : oracle_(oracle), options_(options) {}

  bool run(const Recording &recording);
  SweepResult finish();

private:
  bool judge(const CrashState &state);

  const Oracle &oracle_;
  const SweepOptions &options_;
  std::unordered_set<std::uint64_t> seen_;
  Scratch scratch_;
  SweepResult result_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool Sweep::run(const Recording &recording)
{
  Walk walk(recording, options_, seen_);
  const bool complete = walk.run([this](const CrashState &state) { return judge(state); });
  result_.moments += walk.moments();
  return complete;
}

bool Sweep::judge(const CrashState &state)
{
  constexpr std::size_t most_examples = 5;
  ++result_.states;
  std::string what;
  try {
    what = oracle_(scratch_.put(state.tree), state.finished);
  } catch (const std::exception &error) {
    what = error.what();
  }
  if (what.empty())
    return true;
  ++result_.violations;
  if (result_.examples.size() < most_examples)
    result_.examples.push_back({state.story, what});
  return options_.stop_at == StopAt::end;
}

SweepResult Sweep::finish()
{
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  result_.seconds = spent.count();
  return std::move(result_);
}

SweepOptions until_first(SweepOptions options)
{
  options.stop_at = StopAt::first_violation;
  return options;
}

bool is_noticed(const Recording &recording,
                const std::vector<Oracle> &oracles,
                const SweepOptions &options)
{
  return std::any_of(oracles.begin(), oracles.end(), [&](const Oracle &oracle) {
    return sweep(recording, oracle, until_first(options)).violations > 0;
  });
}

bool changes_names(const Effect &effect)
{
  return effect.kind == CallKind::create || effect.kind == CallKind::rename ||
         effect.kind == CallKind::remove || effect.kind == CallKind::symlink ||
         effect.kind == CallKind::hard_link || effect.kind == CallKind::make_dir;
}

bool is_possible(const Recording &recording)
{
  CrashModel model(recording.before);
  try {
    for (const Effect &effect : recording.effects)
      model.apply(effect);
  } catch (const std::exception &) {
    return false; // what a later effect needs is not there yet
  }
  return true;
}

} // namespace

std::string SweepResult::summary() const
{
  std::string text = fmt::format("{} distinct states at {} moments, {} violations, {:.0f} states/s",
                                 states,
                                 moments,
                                 violations,
                                 static_cast<double>(states) / std::max(seconds, 0.001));
  for (const Violation &example : examples)
    text += fmt::format("\n{}\n  {}", example.what, example.story);
  return text;
}

SweepResult sweep(const Recording &recording, const Oracle &oracle, const SweepOptions &options)
{
  Sweep sweep(oracle, options);
  sweep.run(recording);
  return sweep.finish();
}

SweepResult sweep_each(const std::vector<Recording> &recordings,
                       const Oracle &oracle,
                       const SweepOptions &options)
{
  Sweep sweep(oracle, options);
  for (const Recording &recording : recordings)
    if (!sweep.run(recording))
      break;
  return sweep.finish();
}

SweepResult sweep_recovery(const Recording &recording,
                           std::size_t step,
                           const Recovery &recovery,
                           const Layout &layout,
                           const Oracle &oracle,
                           const SweepOptions &options)
{
  Sweep inner(oracle, options);
  Scratch scratch;
  std::unordered_set<std::uint64_t> seen;
  std::size_t count = 0;
  Walk(recording, options, seen).run([&](const CrashState &state) {
    if (count++ % step != 0)
      return true;
    const base::Dir root = scratch.put(state.tree);
    Recorder sys(root, layout);
    recovery(sys, root);
    return inner.run(sys.recording());
  });
  return inner.finish();
}

std::vector<Mutation> drop_each_sync(const Recording &recording,
                                     const std::vector<Oracle> &oracles,
                                     const SweepOptions &options)
{
  std::vector<Mutation> result;
  for (std::size_t index = 0; index < recording.effects.size(); ++index) {
    if (!recording.effects[index].is_sync())
      continue;
    Recording mutated = recording;
    mutated.effects.erase(mutated.effects.begin() + static_cast<std::ptrdiff_t>(index));
    result.push_back({fmt::format("without effect {}: {}", index, recording.effects[index].text),
                      is_noticed(mutated, oracles, options)});
  }
  return result;
}

std::vector<Mutation> swap_neighbours(const Recording &recording,
                                      const std::vector<Oracle> &oracles,
                                      const SweepOptions &options)
{
  std::vector<Mutation> result;
  for (std::size_t index = 0; index + 1 < recording.effects.size(); ++index) {
    const Effect &first = recording.effects[index];
    const Effect &second = recording.effects[index + 1];
    const bool matters =
        first.is_sync() != second.is_sync() || (changes_names(first) && changes_names(second));
    Recording mutated = recording;
    std::swap(mutated.effects[index], mutated.effects[index + 1]);
    if (matters && is_possible(mutated))
      result.push_back(
          {fmt::format("effect {} after {}: {} | {}", index, index + 1, first.text, second.text),
           is_noticed(mutated, oracles, options)});
  }
  return result;
}

std::vector<std::string> unnoticed(const std::vector<Mutation> &mutations)
{
  std::vector<std::string> result;
  for (const Mutation &mutation : mutations)
    if (!mutation.is_noticed)
      result.push_back(mutation.what);
  return result;
}

} // namespace support
