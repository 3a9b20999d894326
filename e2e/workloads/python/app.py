"""Powertools as people use it: structured log lines, metrics, a validated event."""
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser

logger = Logger(service="orders")
metrics = Metrics(namespace="shop", service="orders")


class Order(BaseModel):
    id: int
    items: list[str]


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(log_event=True)
@event_parser(model=Order)
def handler(event: Order, context):
    logger.append_keys(order=event.id)
    logger.info("order taken", extra={"items": len(event.items)})
    metrics.add_metric(name="items", unit=MetricUnit.Count, value=len(event.items))
    if not event.items:
        raise LookupError("an order of nothing")
    return {"id": event.id, "first": event.items[0], "request": context.aws_request_id}
