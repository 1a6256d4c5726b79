"""A step of Kubernetes manifests, as the catalog file says it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from purveyor.catalog.module_entry import ComputeEntry
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Name, Slug, Word
from purveyor.program import OWN_VARIABLE


class HelmEntry(Strict):
    """A chart that `helm template` renders; its values are the step's variables."""

    chart: Word = Field(description="The chart's folder or archive, below the catalog's folder.")
    release: Slug = Field(default="release", description="The release's name.")
    values: list[Word] = Field(
        default=[], description="Files with values below the catalog's folder; variables win."
    )


class ClusterEntry(Strict):
    """A cluster by its address; texts may be templates, such as a step's outputs before."""

    server: Word = Field(description="Address of the API server.")
    certificate_authority: str | None = Field(
        default=None, description="Its certificate authority: PEM, or that in base64."
    )
    token_from: Name | None = Field(
        default=None, description="Environment variable that holds the token."
    )
    login: Literal["eks", "gke", "aks"] | None = Field(
        default=None,
        description="Cloud whose login, the account's, the token is made from.",
    )
    name: str | None = Field(default=None, description="The cluster's name, which EKS asks for.")

    @model_validator(mode="after")
    def _know_one_login(self) -> Self:
        if (self.token_from is None) == (self.login is None):
            raise ValueError("needs `token_from` or `login`")
        if self.login == "eks" and self.name is None:
            raise ValueError("`login: eks` needs the cluster's `name`")
        return self


class ManifestsEntry(Strict):
    """Kubernetes manifests that are a step: applied by the server, waited for, pruned."""

    folder: Word | None = Field(
        default=None,
        description="Folder below the catalog's: `.yaml`, `.yml` and `.json` files as they are,"
        " and templates of such with `.j2` behind.",
    )
    helm: HelmEntry | None = Field(default=None, description="A chart, in the place of `folder`.")
    kustomize: Word | None = Field(
        default=None, description="A kustomization's folder, in the place of `folder`."
    )
    namespace: str | None = Field(
        default=None,
        description="Namespace of what names none, and of the set's parent; may be a template,"
        " which is decided once. Without it, the kubeconfig's, or `default`.",
    )
    kubeconfig: Word | None = Field(
        default=None,
        description="Kubeconfig below the catalog's folder; without it, KUBECONFIG's.",
    )
    context: str | None = Field(default=None, description="The kubeconfig's context.")
    cluster: ClusterEntry | None = Field(
        default=None, description="The cluster, in the place of a kubeconfig."
    )
    outputs: dict[Name, str] = Field(
        default={},
        description="Outputs by name: `{{ expressions }}` over `objects` and what templates read,"
        " such as `{{ objects['Service/web'].spec.clusterIP }}`.",
    )
    timeout: int = Field(
        default=600, ge=1, description="Seconds for everything to be ready, or gone."
    )

    @model_validator(mode="after")
    def _choose_one_source(self) -> Self:
        if [self.folder, self.helm, self.kustomize].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("manifests have one of `folder`, `helm` and `kustomize`")
        if self.cluster is not None and (self.kubeconfig or self.context):
            raise ValueError("manifests have either a `cluster` or a `kubeconfig`")
        return self

    def compute(self) -> dict[str, ComputeEntry]:
        """Return the keys that may be templates, as computed variables."""
        found = {"namespace": self.namespace, "context": self.context}
        if (cluster := self.cluster) is not None:
            found |= {n: getattr(cluster, n) for n in ("server", "certificate_authority", "name")}
        return {
            f"{OWN_VARIABLE}{name}": ComputeEntry(
                value=value, once=name == "namespace" and "{{" in value
            )
            for name, value in found.items()
            if value is not None
        }
