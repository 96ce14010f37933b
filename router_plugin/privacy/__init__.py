"""The privacy detector: ``Detector(settings, model).scan(conversation)`` says what may leave."""

from __future__ import annotations

from .detector import Detector
from .settings import CustomTopic, Families, Limits, PrivacySettings
from .verdict import Finding, Judgement, Verdict

__all__ = ["CustomTopic", "Detector", "Families", "Finding", "Judgement", "Limits", "PrivacySettings", "Verdict"]
