"""Whole conversations as readable files, played by the product's own services and judged by how they end."""
