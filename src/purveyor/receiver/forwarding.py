"""Has deliveries carried out by a CI: a pipeline each, which tells the platform how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError
from purveyor.inbox.model import DeliveryEnding, DeliveryStatus
from purveyor.receiver.runs import carry_out, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.dispatch import Dispatcher
    from purveyor.inbox.model import Delivery
    from purveyor.receiver.events import Tell


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What was started just before a kill is started again: the journal lets one run work."""

    dispatcher: Dispatcher
    tell: Tell
    confirm: Callable[[bytes], bytes]  # asks the platform again; raises PurveyorError

    async def __call__(self, delivery: Delivery) -> DeliveryEnding:
        return await carry_out(delivery, self._start, self.tell)

    def _start(self, delivery: Delivery) -> DeliveryEnding:
        try:
            run = self.dispatcher.start(self.confirm(delivery.body))
        except PurveyorError as error:
            return refused(error)
        return DeliveryEnding(DeliveryStatus.ENDED, "FORWARDED", run.url)

    def forget(self, before: float) -> None:
        """Nothing of a pipeline lies here."""
