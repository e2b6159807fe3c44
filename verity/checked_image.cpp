// SPDX-License-Identifier: Apache-2.0
#include "verity/checked_image.hpp"

#include "base/error.hpp"
#include "base/specifier.hpp"
#include "verity/ddi.hpp"
#include "verity/file_system.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/mapped_device.hpp"
#include "verity/root_hash_claim.hpp"
#include "verity/sidecar.hpp"
#include "verity/signature_partition.hpp"
#include "verity/switches.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace verity {

namespace {

using base::Kind;

/// A data partition, or the file system that the image is, with what may protect it.
struct Part {
  ImagePart data;
  const base::Fd *tree_file = nullptr; ///< the image or NAME.verity; null: there is no tree
  base::ByteRange tree{};
  std::optional<RootHashClaim> claim{};
};

/// How well a part is protected, before a byte of it is read.
struct Standing {
  PartitionFacts facts;
  RootHashVerdict signer{};
  base::Fd device{}; ///< set up by the kernel, which has accepted the signature
};

base::Fd open_to_read(const base::Dir &root, const std::string &path)
{
  auto file = root.find_file(path);
  if (!file)
    base::fail(Kind::not_found, "there is no such file");
  struct stat status = {};
  if (::fstat(file->number(), &status) < 0)
    base::fail_errno("cannot look at it");
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
    base::fail(Kind::config, "it is neither a file nor a block device");
  if (base::size_of(*file) == 0)
    base::fail(Kind::config, "it is empty");
  return std::move(*file);
}

bool is_luks(const base::Fd &file, const base::ByteRange &range)
{
  std::array<char, 6> found{};
  return range.length >= found.size() &&
         base::read_at(file, range.start, std::as_writable_bytes(std::span(found))) ==
             found.size() &&
         std::string_view(found.data(), found.size()) == "LUKS\xba\xbe";
}

TreeShape read_shape(const Part &part)
{
  std::vector<std::byte> bytes(std::min<std::uint64_t>(superblock_size, part.tree.length));
  bytes.resize(base::read_at(*part.tree_file, part.tree.start, bytes));
  SuperblockReading reading = parse_superblock(bytes);
  if (!reading.superblock)
    base::fail(Kind::config, "its hash tree cannot be used: {}", reading.refusal);
  if (const auto refusal =
          unfit(reading.superblock->shape, part.data.range.length, part.tree.length))
    base::fail(Kind::config, "its hash tree does not fit: {}", *refusal);
  return std::move(reading.superblock->shape);
}

/// An image that is open, and what lies beside it.
class Image {
public:
  Image(const base::Host &host, std::string path)
      : host_(host), path_(std::move(path)), file_(open_to_read(host.root, path_)),
        switches_(read_verity_switches(host)), sidecar_(find_sidecar())
  {
  }

  [[nodiscard]] const base::Fd &file() const { return file_; }

  /// Of a part with tree and root hash. Throws if the tree's superblock does not fit them.
  [[nodiscard]] HashedData hashed_data(const Part &part) const
  {
    return {.data = {file_, part.data.range},
            .tree = {*part.tree_file, part.tree},
            .shape = read_shape(part),
            .root_hash = part.claim->root_hash};
  }

  /// What of it may be used, as far as the policy can say that without protections.
  [[nodiscard]] std::vector<Part> parts(const ImagePolicy &policy) const
  {
    const GptState state = GptDisk(base::duplicate(file_), path_).read();
    if (const auto &table = state.table())
      return partitions(*table, policy);
    if (state.has_protective_mbr)
      base::fail(Kind::config,
                 "its partition table is broken; primary: {}; backup: {}",
                 state.primary.refusal,
                 state.backup.refusal);
    return bare_file_system(policy);
  }

  [[nodiscard]] Standing standing_of(const Part &part, const ImagePolicy &policy) const
  {
    Standing standing{.facts = {.is_read_only = part.data.is_read_only,
                                .may_grow = part.data.may_grow,
                                .protection = Protection::unprotected,
                                .shortcoming = {}}};
    PartitionFacts &facts = standing.facts;
    if (part.tree_file == nullptr) {
      if (is_luks(file_, part.data.range))
        facts.protection = Protection::encrypted;
      facts.shortcoming =
          fmt::format("there is no hash tree, neither in a partition {}-verity nor in {}.verity",
                      part.data.designator,
                      sidecar_.name);
    } else if (!part.claim) {
      facts.shortcoming =
          fmt::format("it has a hash tree, but nothing says what its root hash is: there is no "
                      "{}.{}hash and no signature partition, or they are switched off",
                      sidecar_.name,
                      part.data.designator);
    } else {
      facts.protection = Protection::verity;
      find_signer(part, policy, standing);
      facts.shortcoming = standing.signer.why;
      if (standing.signer.trusted)
        facts.protection = Protection::signed_verity;
    }
    return standing;
  }

private:
  [[nodiscard]] Sidecar find_sidecar() const
  {
    if (!switches_.sidecar || base::is_block_device(file_))
      return {.name = sidecar_name(path_)};
    return read_sidecar(host_.root, path_, file_);
  }

  [[nodiscard]] std::vector<Part> partitions(const GptTable &table, const ImagePolicy &policy) const
  {
    if (sidecar_.tree.valid())
      base::fail(Kind::config,
                 "it has partitions, and {}.verity is for images without; remove that file, or set "
                 "$SYSTEMD_DISSECT_VERITY_SIDECAR=0",
                 sidecar_.name);
    std::vector<Part> result;
    for (ProtectedPart &each :
         extension_parts(table, base::native_architecture(), policy, sidecar_.root_hash)) {
      Part part{.data = std::move(each.data)};
      if (each.tree) {
        part.tree_file = &file_;
        part.tree = each.tree->range;
        part.claim = claim_of(part.data, *each.tree, each.signature);
      }
      result.push_back(std::move(part));
    }
    if (result.empty())
      base::fail(Kind::config, "it has no root and no /usr partition that may be used");
    return result;
  }

  [[nodiscard]] std::vector<Part> bare_file_system(const ImagePolicy &policy) const
  {
    if (policy.judge_presence("root") == PartitionUse::ignore)
      base::fail(Kind::untrusted,
                 "it has no partitions, so it counts as root, which the image policy ignores");
    Part part{.data = {.designator = "root", .range = {0, base::size_of(file_)}}};
    if (sidecar_.root_hash && sidecar_.root_hash->designator != "root")
      base::fail(Kind::config,
                 "{} is about a /usr partition, and the image has no partitions; rename it to "
                 "{}.roothash",
                 sidecar_.root_hash->source,
                 sidecar_.name);
    if (sidecar_.root_hash && !sidecar_.tree.valid())
      base::fail(Kind::untrusted,
                 "{} says what its root hash is, but there is no {}.verity with the hash tree to "
                 "check it by",
                 sidecar_.root_hash->source,
                 sidecar_.name);
    if (sidecar_.tree.valid()) {
      part.tree_file = &sidecar_.tree;
      part.tree = {0, base::size_of(sidecar_.tree)};
    }
    if (sidecar_.root_hash)
      part.claim = {sidecar_.root_hash->root_hash, sidecar_.root_hash->source, sidecar_.signature};
    return {std::move(part)};
  }

  /// What lies beside the image goes first, then what its signature partition says, then its UUIDs.
  [[nodiscard]] std::optional<RootHashClaim> claim_of(
      const ImagePart &data, const ImagePart &tree, const std::optional<ImagePart> &signature) const
  {
    std::optional<RootHashClaim> claim;
    if (sidecar_.root_hash && sidecar_.root_hash->designator == data.designator)
      claim = {sidecar_.root_hash->root_hash, sidecar_.root_hash->source, sidecar_.signature};
    if (claim && !claim->signature.empty())
      return claim;
    if (signature && switches_.embedded) {
      RootHashClaim embedded = read_signature(*signature);
      if (claim && claim->root_hash != embedded.root_hash)
        base::fail(Kind::untrusted,
                   "{} says that the root hash is {}, but {} says {}",
                   claim->source,
                   hex(claim->root_hash),
                   embedded.source,
                   hex(embedded.root_hash));
      return embedded;
    }
    if (!claim && switches_.guess)
      claim = {
          root_hash_of(data.unique, tree.unique),
          fmt::format("the UUIDs of the partitions {} and {}", data.designator, tree.designator)};
    return claim;
  }

  [[nodiscard]] RootHashClaim read_signature(const ImagePart &part) const
  {
    const std::uint64_t length = std::min(part.range.length, signature_partition_limit + 1);
    std::string bytes(length, '\0');
    if (base::read_at(file_, part.range.start, std::as_writable_bytes(std::span(bytes))) != length)
      base::fail(Kind::config, "it ends within its partition {}", part.designator);
    SignatureReading reading = parse_signature_partition(bytes);
    if (!reading.signature)
      base::fail(
          Kind::config, "its partition {} is no signature: {}", part.designator, reading.refusal);
    return {reading.signature->root_hash,
            fmt::format("its partition {}", part.designator),
            std::move(reading.signature->signature),
            reading.signature->certificate};
  }

  void find_signer(const Part &part, const ImagePolicy &policy, Standing &standing) const
  {
    standing.signer = RootHashVerdict{.why = not_looked_at(part)};
    if (!standing.signer.why.empty())
      return;
    std::optional<HashedData> for_kernel;
    if (has_device_mapper(host_) && policy.may_use(part.data.designator, Protection::signed_verity))
      for_kernel.emplace(hashed_data(part));
    ClaimVerdict verdict = judge_claim(host_, *part.claim, for_kernel ? &*for_kernel : nullptr);
    standing.signer = std::move(verdict.signer);
    standing.device = std::move(verdict.device);
  }

  /// Why the signature of a part is not even looked at; empty if it is.
  [[nodiscard]] std::string not_looked_at(const Part &part) const
  {
    if (part.claim->signature.empty())
      return fmt::format("there is no signature, neither in a partition {}-verity-sig nor in "
                         "{}.{}hash.p7s",
                         part.data.designator,
                         sidecar_.name,
                         part.data.designator);
    return switches_.signature
               ? ""
               : "$SYSTEMD_DISSECT_VERITY_SIGNATURE says not to look at its signature";
  }

  const base::Host &host_;
  std::string path_;
  base::Fd file_;
  VeritySwitches switches_;
  Sidecar sidecar_;
};

std::string known_file_systems(const base::Host &host)
{
  return host.variable("SYSTEMD_DISSECT_FILE_SYSTEMS")
      .value_or("btrfs:erofs:ext4:f2fs:squashfs:vfat:xfs");
}

/// Read from what was checked and will be mounted, so that both are of the same bytes.
std::string
file_system_of(const base::Host &host, const CheckedPart &part, const ImagePolicy &policy)
{
  const auto given = host.variable(part.designator == "usr" ? "SYSTEMD_DISSECT_FSTYPE_USR"
                                                            : "SYSTEMD_DISSECT_FSTYPE_ROOT");
  std::string type = given ? *given : file_system_type(part.source, part.range);
  if (type.empty())
    base::fail(
        Kind::config, "no file system, or more than one, is found in its {}", part.designator);
  const std::string known = known_file_systems(host);
  if (fmt::format(":{}:", known).find(fmt::format(":{}:", type)) == std::string::npos)
    base::fail(Kind::untrusted,
               "its {} holds {}, and only {} are allowed; see $SYSTEMD_DISSECT_FILE_SYSTEMS",
               part.designator,
               type,
               known);
  policy.judge_file_system(part.designator, type);
  return type;
}

/// The kernel was asked before, and has not taken what signature there is.
void refuse_without_key(const Standing &standing)
{
  base::fail(Kind::untrusted,
             "the kernel demands a signature (dm_verity.require_signatures=), and {}",
             standing.signer.trusted
                 ? fmt::format("does not have the key of {}", standing.signer.certificate)
                 : standing.signer.why);
}

CheckedPart open_part(const base::Host &host,
                      const Image &image,
                      const Part &part,
                      Standing standing,
                      const CopyPlace &place)
{
  CheckedPart checked{.designator = part.data.designator,
                      .file_system = {},
                      .source = {},
                      .range = part.data.range,
                      .protection = standing.facts.protection,
                      .signer = standing.signer.certificate,
                      .signer_fingerprint = standing.signer.fingerprint,
                      .shortcoming = std::move(standing.facts.shortcoming)};
  if (checked.protection == Protection::encrypted)
    base::fail(Kind::config,
               "its {} is encrypted (LUKS), and strake has no way to ask for a key; use an image "
               "that is protected by verity instead",
               part.data.designator);
  if (checked.protection == Protection::unprotected) {
    checked.source = base::duplicate(image.file());
    return checked;
  }
  const HashedData hashed = image.hashed_data(part);
  checked.root_hash = hashed.root_hash;
  checked.range = {0, data_bytes(hashed.shape)};
  checked.source =
      base::during(fmt::format("{} after {}", part.data.designator, part.claim->source), [&] {
        if (standing.device.valid())
          return std::move(standing.device);
        if (!has_device_mapper(host))
          return checked_copy(host, hashed, place);
        if (kernel_demands_signature(host))
          refuse_without_key(standing);
        return mapped_device(host, hashed);
      });
  return checked;
}

} // namespace

std::vector<CheckedPart> open_image(const base::Host &host,
                                    const std::string &path,
                                    const ImagePolicy &policy,
                                    const CopyPlace &place)
{
  return base::during(fmt::format("the image {}", path), [&] {
    const Image image(host, path);
    std::vector<std::pair<Part, Standing>> used;
    for (Part &part : image.parts(policy)) {
      Standing standing = image.standing_of(part, policy);
      if (policy.judge(part.data.designator, standing.facts) == PartitionUse::use)
        used.emplace_back(std::move(part), std::move(standing));
    }
    // All of it is judged before the first of it can be used.
    std::vector<CheckedPart> checked;
    for (auto &[part, standing] : used) {
      CheckedPart next = open_part(host, image, part, std::move(standing), place);
      next.file_system = file_system_of(host, next, policy);
      checked.push_back(std::move(next));
    }
    if (checked.empty())
      base::fail(Kind::untrusted, "nothing of it may be used by the image policy");
    return checked;
  });
}

std::optional<Sha256> claimed_root_hash(const base::Host &host, const std::string &path)
{
  return base::during(fmt::format("the image {}", path), [&]() -> std::optional<Sha256> {
    for (const Part &part : Image(host, path).parts(ImagePolicy::parse("*")))
      if (part.claim)
        return part.claim->root_hash;
    return std::nullopt;
  });
}

} // namespace verity
