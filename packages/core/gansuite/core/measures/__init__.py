"""Measures on feature arrays (N, D): how near, how varied, how much copied.

They know neither an art nor a network.
"""

from gansuite.core.measures.copies import CopyRisk, copy_risk, nearest
from gansuite.core.measures.distances import (
    KernelInterval,
    Moments,
    frechet_between,
    frechet_distance,
    kernel_distance,
    kernel_distance_interval,
    moments,
    moments_from_covariance,
)
from gansuite.core.measures.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    diversity,
    precision_recall,
)

__all__ = [
    "CopyRisk",
    "DensityCoverage",
    "KernelInterval",
    "Moments",
    "PrecisionRecall",
    "copy_risk",
    "density_coverage",
    "diversity",
    "frechet_between",
    "frechet_distance",
    "kernel_distance",
    "kernel_distance_interval",
    "moments",
    "moments_from_covariance",
    "nearest",
    "precision_recall",
]
