"""The road by way of RabbitMQ: a broker between servers, processors and observers."""
