"""Pictures of metrics: plain data in, lines with roles out. Which one suits a metric is data of the instrument."""
