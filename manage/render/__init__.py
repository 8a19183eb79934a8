"""Renders catalog and configuration to Compose projects, byte for byte reproducible. Pure."""

from manage.render.model import SecretUse
from manage.render.spec import spec_document
from manage.render.stack import render_manager, render_stack
from manage.render.wiring import image_names, secret_uses

__all__ = ["SecretUse", "image_names", "render_manager", "render_stack", "secret_uses", "spec_document"]
