"""Whether an engine's list of checksums is signed by those who make the engine.

`keys` holds their public keys: C874011F0AB405110D02105534365D9472D7468F (HashiCorp, with the
signatures of 2021 and of 2026, since each is for the releases of its time) and
E3E6E43D84CB852EADB0051D0C0AF313E5FD9F80 (OpenTofu). Source: the Go modules of their own installers,
hc-install 0.9.2 and 0.10.0 and tofudl 0.0.1.
"""

from __future__ import annotations

from pathlib import Path

from purveyor.errors import EngineError, ReasonCode

KEYS = Path(__file__).parent / "keys"
_OWNERS = {"opentofu": "opentofu.gpg", "terraform": "hashicorp.gpg"}
SUFFIXES = {"opentofu": "gpgsig", "terraform": "sig"}


def is_signed(engine: str, text: bytes, signature: bytes) -> bool:
    """Tell whether a detached signature of the text is the engine's makers'."""
    try:
        from pysequoia import Cert, Sig, verify
    except ImportError:
        raise EngineError(
            "The signature of the engine's release cannot be checked on this machine: the package"
            " pysequoia is not there.",
            hint="Install it, or put the engine on PATH.",
            reason=ReasonCode.ENGINE_NOT_FOUND,
        ) from None
    owner = Cert.from_file(str(KEYS / _OWNERS[engine]))
    try:
        found = verify(bytes=text, store=lambda _ids: [owner], signature=Sig.from_bytes(signature))
    except RuntimeError:  # its only exception, for what is damaged and for what is forged
        return False
    return bool(found.valid_sigs)
