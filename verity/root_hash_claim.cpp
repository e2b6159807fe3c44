// SPDX-License-Identifier: Apache-2.0
#include "verity/root_hash_claim.hpp"

#include "verity/mapped_device.hpp"
#include "verity/switches.hpp"

namespace verity {

namespace {

RootHashVerdict judged_by_certificates(const base::Host &host, const RootHashClaim &claim)
{
  const std::string forbidden_by = read_verity_switches(host).userspace_forbidden_by;
  if (!forbidden_by.empty())
    return {.why = fmt::format("{} forbids to check its signature outside of the kernel",
                               forbidden_by)};
  return verify_root_hash(
      claim.root_hash, claim.signature, claim.certificate, read_pinned_certificates(host.root));
}

} // namespace

ClaimVerdict
judge_claim(const base::Host &host, const RootHashClaim &claim, const HashedData *for_kernel)
{
  std::string kernel_says;
  if (for_kernel != nullptr) {
    KernelAnswer answer = ask_kernel(host, *for_kernel, claim.signature);
    if (answer.device.valid())
      return {.signer = {.trusted = true, .why = {}, .certificate = std::string(kernel_keys)},
              .device = std::move(answer.device)};
    kernel_says = fmt::format("; nor does the kernel take it: {}", answer.refusal);
  }
  ClaimVerdict verdict{.signer = judged_by_certificates(host, claim)};
  if (!verdict.signer.trusted)
    verdict.signer.why += kernel_says;
  return verdict;
}

} // namespace verity
