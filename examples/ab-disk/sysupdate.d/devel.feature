# SPDX-License-Identifier: Apache-2.0
# Off by default. "strake enable-feature devel" switches it on, the next update brings it.

[Feature]
Description=Debugging tools as a system extension
