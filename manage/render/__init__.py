"""Catalog and configuration to compose projects, purely: what an installation should be, down to the byte."""

from manage.render.model import SecretUse
from manage.render.spec import spec_document
from manage.render.stack import render_manager, render_stack
from manage.render.wiring import image_names, secret_uses

__all__ = ["SecretUse", "image_names", "render_manager", "render_stack", "secret_uses", "spec_document"]
