// SPDX-License-Identifier: Apache-2.0
#include "handoff/root_signature.hpp"

#include "base/error.hpp"
#include "verity/base64.hpp"
#include "verity/mapped_device.hpp"

#include <optional>
#include <sstream>

namespace handoff {

namespace {

using base::Kind;

constexpr std::string_view base64_prefix = "base64:";

/// What stands behind roothashsig=.
std::optional<std::string> named_signature(std::string_view options)
{
  constexpr std::string_view option = "roothashsig=";
  std::istringstream words{std::string(options)};
  for (std::string word; words >> word;)
    if (word.starts_with(option))
      return word.substr(option.size());
  return std::nullopt;
}

std::string read_signature(const base::Host &host, const std::string &named)
{
  if (named.starts_with(base64_prefix)) {
    auto bytes = verity::decode_base64(std::string_view(named).substr(base64_prefix.size()));
    if (!bytes)
      base::fail(Kind::config, "roothashsig= on its command line is no base64");
    return std::move(*bytes);
  }
  auto bytes = host.root.text(named, verity::pkcs7_limit);
  if (!bytes)
    base::fail(Kind::not_found,
               "its command line has roothashsig={}, which is no file of this system; if it is one "
               "of the initrd, only a reboot can read it",
               named);
  return std::move(*bytes);
}

std::string why_needed(SignatureNeed need)
{
  return need == SignatureNeed::by_machine
             ? "the kernel demands a signature (dm_verity.require_signatures=)"
             : "its command line demands a signature (roothashsig=)";
}

} // namespace

SignatureNeed signature_need(const base::Host &host, std::string_view options)
{
  if (verity::kernel_demands_signature(host))
    return SignatureNeed::by_machine;
  return named_signature(options) ? SignatureNeed::by_entry : SignatureNeed::none;
}

verity::RootHashClaim claim_of(const base::Host &host,
                               const SlotDisk &disk,
                               std::string_view options,
                               const verity::Sha256 &root_hash)
{
  if (const auto named = named_signature(options))
    return {.root_hash = root_hash,
            .source = "roothashsig= on its command line",
            .signature = read_signature(host, *named)};
  if (auto found = disk.signature_of(root_hash))
    return {.root_hash = root_hash,
            .source = "the signature partition of its slot",
            .signature = std::move(found->signature),
            .certificate = found->certificate};
  return {.root_hash = root_hash, .source = "its command line"};
}

std::string refusal_of(SignatureNeed need,
                       const verity::RootHashClaim &claim,
                       const verity::RootHashVerdict &signer)
{
  if (need == SignatureNeed::none || (need == SignatureNeed::by_entry && signer.trusted))
    return {};
  const std::string why = why_needed(need);
  if (claim.signature.empty())
    return fmt::format(
        "{}, and there is no signature of its root hash: neither roothashsig= on its "
        "command line nor a partition root-verity-sig",
        why);
  return fmt::format("{}, and that of {} is not accepted: {}",
                     why,
                     claim.source,
                     signer.trusted
                         ? fmt::format("the kernel does not have the key of {}", signer.certificate)
                         : signer.why);
}

base::Fd open_signed_root(const base::Host &host,
                          const verity::HashedData &source,
                          const verity::RootHashClaim &claim,
                          SignatureNeed need)
{
  verity::ClaimVerdict verdict;
  if (!claim.signature.empty())
    verdict = verity::judge_claim(host, claim, &source);
  if (verdict.device.valid())
    return std::move(verdict.device);
  if (const std::string refusal = refusal_of(need, claim, verdict.signer); !refusal.empty())
    base::fail(Kind::untrusted, "{}", refusal);
  return verity::mapped_device(host, source);
}

} // namespace handoff
