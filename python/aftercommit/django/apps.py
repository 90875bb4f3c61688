from django.apps import AppConfig


class AftercommitConfig(AppConfig):
    name = "aftercommit.django"
    label = "aftercommit"
    verbose_name = "aftercommit"
