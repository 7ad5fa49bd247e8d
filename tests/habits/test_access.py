"""Every address, tried as every role, on objects of one's own, of a colleague and of another centre.

``own`` belongs to the learner and to the teacher's group, ``other`` to somebody else at the same centre, ``far`` to
the centre South. What is not for somebody does not exist for her: 404, never 403. Forms are sent empty: 422 or 303
means that she may send them. Who is not signed in is asked to sign in: 303 for a page, 401 for a form.
"""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Grant, Person
from headstart_lms.kernel.access import credential, rule_of
from headstart_lms.kernel.db import transaction

from .access import PERSONAL, address, ask, rules, unchanged
from .world import NAMES, ROLES, World

TABLE = """
endpoint                   method object nobody   learner  teacher  examiner manager  officer  admin
accounts.account           GET    -      303      200      200      200      200      200      200
accounts.change_password   POST   -      401      422      422      422      422      422      422
accounts.code_card         GET    -      303      200      200      200      200      200      200
accounts.end_other_devices POST   -      401      303      303      303      303      303      303
accounts.new_code          POST   -      401      303      422      422      422      422      422
accounts.sign_in           GET    -      200      200      200      200      200      200      200
accounts.sign_in           POST   -      422      422      422      422      422      422      422
accounts.sign_out          POST   -      303      303      303      303      303      303      303
accounts.start             GET    -      200      303      303      303      303      303      303
accounts.start             POST   -      303      303      303      303      303      303      303
authoring.add_bank_item    POST   own    401      404      422      404      422      404      422
authoring.add_bank_item    POST   other  401      404      403      404      422      404      422
authoring.add_bank_item    POST   far    401      404      404      404      404      404      404
authoring.add_test         POST   own    401      404      422      404      422      404      422
authoring.add_test         POST   other  401      404      403      404      422      404      422
authoring.add_test         POST   far    401      404      404      404      404      404      404
authoring.all_sittings     GET    own    303      404      200      404      200      404      200
authoring.all_sittings     GET    other  303      404      200      404      200      404      200
authoring.all_sittings     GET    far    303      404      404      404      404      404      404
authoring.away             POST   own    401      404      303      404      303      404      303
authoring.away             POST   other  401      404      403      404      303      404      303
authoring.away             POST   far    401      404      404      404      404      404      404
authoring.bank             GET    own    303      404      200      404      200      404      200
authoring.bank             GET    other  303      404      200      404      200      404      200
authoring.bank             GET    far    303      404      404      404      404      404      404
authoring.bank_item        GET    own    303      404      200      404      200      404      200
authoring.bank_item        GET    other  303      404      200      404      200      404      200
authoring.bank_item        GET    far    303      404      404      404      404      404      404
authoring.bank_save_item   POST   own    401      404      422      404      422      404      422
authoring.bank_save_item   POST   other  401      404      403      404      422      404      422
authoring.bank_save_item   POST   far    401      404      404      404      404      404      404
authoring.bank_try_item    POST   own    401      404      422      404      422      404      422
authoring.bank_try_item    POST   other  401      404      422      404      422      404      422
authoring.bank_try_item    POST   far    401      404      404      404      404      404      404
authoring.centre_reports   GET    -      303      404      404      404      200      404      200
authoring.change_parts     POST   own    401      404      422      404      422      404      422
authoring.change_parts     POST   other  401      404      403      404      422      404      422
authoring.change_parts     POST   far    401      404      404      404      404      404      404
authoring.compare          GET    own    303      404      200      404      200      404      200
authoring.compare          GET    other  303      404      200      404      200      404      200
authoring.compare          GET    far    303      404      404      404      404      404      404
authoring.copy             POST   own    401      404      303      404      303      404      303
authoring.copy             POST   other  401      404      303      404      303      404      303
authoring.copy             POST   far    401      404      404      404      404      404      404
authoring.courses          GET    -      303      404      200      404      200      404      200
authoring.delete_bank_item POST   own    401      404      303      404      303      404      303
authoring.delete_bank_item POST   other  401      404      403      404      303      404      303
authoring.delete_bank_item POST   far    401      404      404      404      404      404      404
authoring.delete_record    POST   own    401      404      422      404      422      404      422
authoring.delete_record    POST   other  401      404      403      404      422      404      422
authoring.delete_record    POST   far    401      404      404      404      404      404      404
authoring.delete_test      POST   own    401      404      303      404      303      404      303
authoring.delete_test      POST   other  401      404      403      404      303      404      303
authoring.delete_test      POST   far    401      404      404      404      404      404      404
authoring.draft            GET    own    303      404      200      404      200      404      200
authoring.draft            GET    other  303      404      200      404      200      404      200
authoring.draft            GET    far    303      404      404      404      404      404      404
authoring.export           GET    own    303      404      200      404      200      404      200
authoring.export           GET    other  303      404      200      404      200      404      200
authoring.export           GET    far    303      404      404      404      404      404      404
authoring.facts            GET    own    303      404      200      404      200      404      200
authoring.facts            GET    other  303      404      200      404      200      404      200
authoring.facts            GET    far    303      404      404      404      404      404      404
authoring.history          GET    own    303      404      200      404      200      404      200
authoring.history          GET    other  303      404      200      404      200      404      200
authoring.history          GET    far    303      404      404      404      404      404      404
authoring.import_again     POST   own    401      404      422      404      422      404      422
authoring.import_again     POST   other  401      404      403      404      422      404      422
authoring.import_again     POST   far    401      404      404      404      404      404      404
authoring.import_course    GET    -      303      404      200      404      200      404      200
authoring.import_course    POST   -      401      404      422      404      422      404      422
authoring.item             GET    own    303      404      200      404      200      404      200
authoring.item             GET    other  303      404      200      404      200      404      200
authoring.item             GET    far    303      404      404      404      404      404      404
authoring.kept             GET    own    303      404      200      404      200      404      200
authoring.kept             GET    other  303      404      200      404      200      404      200
authoring.kept             GET    far    303      404      404      404      404      404      404
authoring.kept             POST   own    401      404      303      404      303      404      303
authoring.kept             POST   other  401      404      403      404      303      404      303
authoring.kept             POST   far    401      404      404      404      404      404      404
authoring.markdown         POST   -      401      404      200      404      200      404      200
authoring.new_course       GET    -      303      404      200      404      200      404      200
authoring.new_course       POST   -      401      404      422      404      422      404      422
authoring.open_course      POST   -      401      404      404      404      404      404      404
authoring.outcomes         GET    own    303      404      200      404      200      404      200
authoring.outcomes         GET    other  303      404      200      404      200      404      200
authoring.outcomes         GET    far    303      404      404      404      404      404      404
authoring.outline          POST   own    401      404      422      404      422      404      422
authoring.outline          POST   other  401      404      403      404      422      404      422
authoring.outline          POST   far    401      404      404      404      404      404      404
authoring.paste_items      GET    own    303      404      200      404      200      404      200
authoring.paste_items      GET    other  303      404      403      404      200      404      200
authoring.paste_items      GET    far    303      404      404      404      404      404      404
authoring.paste_words      GET    own    303      404      200      404      200      404      200
authoring.paste_words      GET    other  303      404      403      404      200      404      200
authoring.paste_words      GET    far    303      404      404      404      404      404      404
authoring.people           GET    own    303      404      200      404      200      404      200
authoring.people           GET    other  303      404      200      404      200      404      200
authoring.people           GET    far    303      404      404      404      404      404      404
authoring.people           POST   own    401      404      422      404      422      404      422
authoring.people           POST   other  401      404      403      404      422      404      422
authoring.people           POST   far    401      404      404      404      404      404      404
authoring.preview          GET    own    303      404      200      404      200      404      200
authoring.preview          GET    other  303      404      200      404      200      404      200
authoring.preview          GET    far    303      404      404      404      404      404      404
authoring.preview          POST   own    401      404      200      404      200      404      200
authoring.preview          POST   other  401      404      200      404      200      404      200
authoring.preview          POST   far    401      404      404      404      404      404      404
authoring.publish          GET    own    303      404      200      404      200      404      200
authoring.publish          GET    other  303      404      200      404      200      404      200
authoring.publish          GET    far    303      404      404      404      404      404      404
authoring.publish_now      POST   own    401      404      422      404      422      404      422
authoring.publish_now      POST   other  401      404      403      404      422      404      422
authoring.publish_now      POST   far    401      404      404      404      404      404      404
authoring.record           GET    own    303      404      200      404      200      404      200
authoring.record           GET    other  303      404      200      404      200      404      200
authoring.record           GET    far    303      404      404      404      404      404      404
authoring.regrade          GET    own    303      404      200      404      200      404      200
authoring.regrade          GET    other  303      404      403      404      200      404      200
authoring.regrade          GET    far    303      404      404      404      404      404      404
authoring.regrade_now      POST   own    401      404      422      404      422      404      422
authoring.regrade_now      POST   other  401      404      403      404      422      404      422
authoring.regrade_now      POST   far    401      404      404      404      404      404      404
authoring.reports          GET    own    303      404      200      404      200      404      200
authoring.reports          GET    other  303      404      403      404      200      404      200
authoring.reports          GET    far    303      404      404      404      404      404      404
authoring.restore          POST   own    401      404      303      404      303      404      303
authoring.restore          POST   other  401      404      403      404      303      404      303
authoring.restore          POST   far    401      404      404      404      404      404      404
authoring.sample_sitting   GET    own    303      404      200      404      200      404      200
authoring.sample_sitting   GET    other  303      404      200      404      200      404      200
authoring.sample_sitting   GET    far    303      404      404      404      404      404      404
authoring.save_item        POST   own    401      404      422      404      422      404      422
authoring.save_item        POST   other  401      404      403      404      422      404      422
authoring.save_item        POST   far    401      404      404      404      404      404      404
authoring.save_part        POST   own    401      404      303      404      303      404      303
authoring.save_part        POST   other  401      404      403      404      303      404      303
authoring.save_part        POST   far    401      404      404      404      404      404      404
authoring.save_record      POST   own    401      404      422      404      422      404      422
authoring.save_record      POST   other  401      404      403      404      422      404      422
authoring.save_record      POST   far    401      404      404      404      404      404      404
authoring.save_test        POST   own    401      404      422      404      422      404      422
authoring.save_test        POST   other  401      404      403      404      422      404      422
authoring.save_test        POST   far    401      404      404      404      404      404      404
authoring.save_words       POST   own    401      404      422      404      422      404      422
authoring.save_words       POST   other  401      404      403      404      422      404      422
authoring.save_words       POST   far    401      404      404      404      404      404      404
authoring.settings         GET    own    303      404      200      404      200      404      200
authoring.settings         GET    other  303      404      200      404      200      404      200
authoring.settings         GET    far    303      404      404      404      404      404      404
authoring.settings         POST   own    401      404      422      404      422      404      422
authoring.settings         POST   other  401      404      403      404      422      404      422
authoring.settings         POST   far    401      404      404      404      404      404      404
authoring.settle_at_centre POST   own    401      404      404      404      422      404      422
authoring.settle_at_centre POST   other  401      404      404      404      422      404      422
authoring.settle_at_centre POST   far    401      404      404      404      404      404      404
authoring.settle_report    POST   own    401      404      422      404      422      404      422
authoring.settle_report    POST   other  401      404      403      404      422      404      422
authoring.settle_report    POST   far    401      404      404      404      404      404      404
authoring.sign_off_rule    POST   -      401      404      404      404      404      404      404
authoring.test             GET    own    303      404      200      404      200      404      200
authoring.test             GET    other  303      404      200      404      200      404      200
authoring.test             GET    far    303      404      404      404      404      404      404
authoring.tests            GET    own    303      404      200      404      200      404      200
authoring.tests            GET    other  303      404      200      404      200      404      200
authoring.tests            GET    far    303      404      404      404      404      404      404
authoring.add_language     POST   own    401      404      422      404      422      404      422
authoring.add_language     POST   other  401      404      403      404      422      404      422
authoring.add_language     POST   far    401      404      404      404      404      404      404
authoring.changed_texts    GET    own    303      404      200      404      200      404      200
authoring.changed_texts    GET    other  303      404      200      404      200      404      200
authoring.changed_texts    GET    far    303      404      404      404      404      404      404
authoring.import_translation POST   own    401      404      422      404      422      404      422
authoring.import_translation POST   other  401      404      403      404      422      404      422
authoring.import_translation POST   far    401      404      404      404      404      404      404
authoring.save_translation POST   own    401      404      422      404      422      404      422
authoring.save_translation POST   other  401      404      403      404      422      404      422
authoring.save_translation POST   far    401      404      404      404      404      404      404
authoring.small_corrections POST   own    401      404      303      404      303      404      303
authoring.small_corrections POST   other  401      404      403      404      303      404      303
authoring.small_corrections POST   far    401      404      404      404      404      404      404
authoring.translate        GET    own    303      404      200      404      200      404      200
authoring.translate        GET    other  303      404      200      404      200      404      200
authoring.translate        GET    far    303      404      404      404      404      404      404
authoring.translation_file GET    own    303      404      200      404      200      404      200
authoring.translation_file GET    other  303      404      200      404      200      404      200
authoring.translation_file GET    far    303      404      404      404      404      404      404
authoring.translations     GET    own    303      404      200      404      200      404      200
authoring.translations     GET    other  303      404      200      404      200      404      200
authoring.translations     GET    far    303      404      404      404      404      404      404
authoring.try_item         POST   own    401      404      422      404      422      404      422
authoring.try_item         POST   other  401      404      422      404      422      404      422
authoring.try_item         POST   far    401      404      404      404      404      404      404
authoring.undo             POST   own    401      404      404      404      404      404      404
authoring.undo             POST   other  401      404      403      404      404      404      404
authoring.undo             POST   far    401      404      404      404      404      404      404
authoring.unit             GET    own    303      404      200      404      200      404      200
authoring.unit             GET    other  303      404      200      404      200      404      200
authoring.unit             GET    far    303      404      404      404      404      404      404
authoring.words            GET    own    303      404      200      404      200      404      200
authoring.words            GET    other  303      404      200      404      200      404      200
authoring.words            GET    far    303      404      404      404      404      404      404
authoring.write_items      POST   own    401      404      422      404      422      404      422
authoring.write_items      POST   other  401      404      403      404      422      404      422
authoring.write_items      POST   far    401      404      404      404      404      404      404
authoring.write_words      POST   own    401      404      422      404      422      404      422
authoring.write_words      POST   other  401      404      403      404      422      404      422
authoring.write_words      POST   far    401      404      404      404      404      404      404
authoring.add_media        POST   far    401      404      404      404      404      404      404
authoring.add_media        POST   other  401      404      403      404      422      404      422
authoring.add_media        POST   own    401      404      422      404      422      404      422
authoring.delete_media     POST   far    401      404      404      404      404      404      404
authoring.delete_media     POST   other  401      404      403      404      303      404      303
authoring.delete_media     POST   own    401      404      303      404      303      404      303
authoring.describe_media   POST   far    401      404      404      404      404      404      404
authoring.describe_media   POST   other  401      404      403      404      422      404      422
authoring.describe_media   POST   own    401      404      422      404      422      404      422
authoring.media            GET    far    303      404      404      404      404      404      404
authoring.media            GET    other  303      404      200      404      200      404      200
authoring.media            GET    own    303      404      200      404      200      404      200
authoring.media_row        GET    far    303      404      404      404      404      404      404
authoring.media_row        GET    other  303      404      200      404      200      404      200
authoring.media_row        GET    own    303      404      200      404      200      404      200
authoring.pictures         GET    far    303      404      404      404      404      404      404
authoring.pictures         GET    other  303      404      200      404      200      404      200
authoring.pictures         GET    own    303      404      200      404      200      404      200
authoring.recorder         GET    far    303      404      404      404      404      404      404
authoring.recorder         GET    other  303      404      200      404      200      404      200
authoring.recorder         GET    own    303      404      200      404      200      404      200
authoring.save_media       POST   far    401      404      404      404      404      404      404
authoring.save_media       POST   other  401      404      403      404      422      404      422
authoring.save_media       POST   own    401      404      422      404      422      404      422
authoring.save_recording   POST   far    401      404      404      404      404      404      404
authoring.save_recording   POST   other  401      404      403      404      422      404      422
authoring.save_recording   POST   own    401      404      422      404      422      404      422
authoring.shipped_picture  GET    -      303      404      200      404      200      404      200
authoring.take_picture     POST   far    401      404      404      404      404      404      404
authoring.take_picture     POST   other  401      404      403      404      404      404      404
authoring.take_picture     POST   own    401      404      404      404      404      404      404
certificates.file          GET    own    401      200      404      404      404      404      404
certificates.file          GET    other  401      404      404      404      404      404      404
certificates.file          GET    far    401      404      404      404      404      404      404
certificates.many          GET    -      303      404      404      404      404      200      404
certificates.many_delete   POST   own    401      404      404      404      404      303      404
certificates.many_delete   POST   other  401      404      404      404      404      303      404
certificates.many_delete   POST   far    401      404      404      404      404      404      404
certificates.many_result   GET    own    303      404      404      404      404      200      404
certificates.many_result   GET    other  303      404      404      404      404      200      404
certificates.many_result   GET    far    303      404      404      404      404      404      404
certificates.many_start    POST   -      401      404      404      404      404      422      404
certificates.many_table    GET    own    303      404      404      404      404      200      404
certificates.many_table    GET    other  303      404      404      404      404      200      404
certificates.many_table    GET    far    303      404      404      404      404      404      404
certificates.my_checks     GET    -      303      200      200      200      200      200      200
certificates.name_match    POST   own    401      404      404      404      404      422      404
certificates.name_match    POST   other  401      404      404      404      404      404      404
certificates.name_match    POST   far    401      404      404      404      404      404      404
certificates.new           GET    -      303      404      404      404      404      404      404
certificates.new           POST   -      401      404      404      404      404      404      404
certificates.office        GET    -      303      404      404      404      404      200      404
certificates.office_table  GET    -      303      404      404      404      404      200      404
certificates.receipt       GET    own    401      404      404      404      404      200      404
certificates.receipt       GET    other  401      404      404      404      404      404      404
certificates.receipt       GET    far    401      404      404      404      404      404      404
certificates.show          GET    own    303      200      404      404      404      404      404
certificates.show          GET    other  303      404      404      404      404      404      404
certificates.show          GET    far    303      404      404      404      404      404      404
certificates.template      GET    -      303      404      404      404      404      200      404
certificates.verifier      GET    -      200      200      200      200      200      200      200
certificates.verifier_bundle GET    -      200      200      200      200      200      200      200
certificates.verifier_manifest GET    -      200      200      200      200      200      200      200
certificates.verifier_worker GET    -      200      200      200      200      200      200      200
certificates.verify        GET    -      200      200      200      200      200      200      200
certificates.verify_answer POST   -      422      422      422      422      422      422      422
certificates.verify_code   GET    own    200      200      200      200      200      200      200
certificates.verify_code   GET    other  200      200      200      200      200      200      200
certificates.verify_code   GET    far    200      200      200      200      200      200      200
courses.media              GET    -      404      404      404      404      404      404      404
desk.add_learners          POST   own    401      404      404      404      422      404      422
desk.add_learners          POST   other  401      404      404      404      422      404      422
desk.add_learners          POST   far    401      404      404      404      404      404      404
desk.centre                GET    -      303      404      404      404      303      404      303
desk.certificates          GET    own    303      404      404      404      200      404      200
desk.certificates          GET    other  303      404      404      404      200      404      200
desk.certificates          GET    far    303      404      404      404      404      404      404
desk.cohort                GET    own    303      404      200      404      200      404      200
desk.cohort                GET    other  303      404      404      404      200      404      200
desk.cohort                GET    far    303      404      404      404      404      404      404
desk.home                  GET    -      303      404      200      200      200      404      200
desk.issue_all             POST   own    401      404      404      404      303      404      303
desk.issue_all             POST   other  401      404      404      404      303      404      303
desk.issue_all             POST   far    401      404      404      404      404      404      404
desk.name                  GET    own    303      404      404      404      200      404      200
desk.name                  GET    other  303      404      404      404      200      404      200
desk.name                  GET    far    303      404      404      404      404      404      404
desk.name                  POST   own    401      404      404      404      422      404      422
desk.name                  POST   other  401      404      404      404      422      404      422
desk.name                  POST   far    401      404      404      404      404      404      404
desk.new_cohort            GET    -      303      404      404      404      200      404      200
desk.new_cohort            POST   -      401      404      404      404      422      404      422
desk.papers                GET    own    303      404      404      404      404      404      404
desk.papers                GET    other  303      404      404      404      404      404      404
desk.papers                GET    far    303      404      404      404      404      404      404
desk.questions             GET    own    303      404      200      404      200      404      200
desk.questions             GET    other  303      404      404      404      200      404      200
desk.questions             GET    far    303      404      404      404      404      404      404
desk.replace_code          POST   own    401      404      404      404      200      404      200
desk.replace_code          POST   other  401      404      404      404      200      404      200
desk.replace_code          POST   far    401      404      404      404      404      404      404
desk.suspend               POST   own    401      404      404      404      303      404      303
desk.suspend               POST   other  401      404      404      404      303      404      303
desk.suspend               POST   far    401      404      404      404      404      404      404
exchange.courses           GET    -      200      200      200      200      200      200      200
exchange.openapi           GET    -      200      200      200      200      200      200      200
health.healthz             GET    -      200      200      200      200      200      200      200
health.readyz              GET    -      200      200      200      200      200      200      200
issuers.default_did        GET    -      200      200      200      200      200      200      200
issuers.did                GET    -      200      200      200      200      200      200      200
issuers.log                GET    -      200      200      200      200      200      200      200
issuers.status             GET    -      200      200      200      200      200      200      200
issuers.trust_list         GET    -      200      200      200      200      200      200      200
issuers.well_known_did     GET    -      200      200      200      200      200      200      200
learning.answer            POST   -      401      422      404      404      404      404      404
learning.answer_test       POST   own    401      422      404      404      404      404      404
learning.answer_test       POST   other  401      404      404      404      404      404      404
learning.answer_test       POST   far    401      404      404      404      404      404      404
learning.catalogue         GET    -      200      200      200      200      200      200      200
learning.course            GET    -      200      200      200      200      200      200      200
learning.enrol             POST   -      303      303      303      303      303      303      303
learning.finish_test       POST   own    401      303      404      404      404      404      404
learning.finish_test       POST   other  401      404      404      404      404      404      404
learning.finish_test       POST   far    401      404      404      404      404      404      404
learning.help_page         GET    -      200      200      200      200      200      200      200
learning.journey           GET    -      303      200      200      200      200      200      200
learning.report            GET    -      303      200      404      404      404      404      404
learning.report_test       GET    own    303      404      404      404      404      404      404
learning.report_test       GET    other  303      404      404      404      404      404      404
learning.report_test       GET    far    303      404      404      404      404      404      404
learning.reports_read      POST   -      401      422      422      422      422      422      422
learning.send_report       POST   -      401      422      404      404      404      404      404
learning.send_report_test  POST   own    401      404      404      404      404      404      404
learning.send_report_test  POST   other  401      404      404      404      404      404      404
learning.send_report_test  POST   far    401      404      404      404      404      404      404
learning.sitting           GET    own    303      200      404      404      404      404      404
learning.sitting           GET    other  303      404      404      404      404      404      404
learning.sitting           GET    far    303      404      404      404      404      404      404
learning.sound             GET    own    303      404      404      404      404      404      404
learning.sound             GET    other  303      404      404      404      404      404      404
learning.sound             GET    far    303      404      404      404      404      404      404
learning.start_test        POST   -      401      303      404      404      404      404      404
learning.test              GET    -      303      200      404      404      404      404      404
learning.unit              GET    -      303      200      303      303      303      303      303
learning.move              POST   -      401      303      404      404      404      404      404
learning.review            GET    -      303      200      404      404      404      404      404
learning.review_answer     POST   -      401      422      422      422      422      422      422
learning.vocabulary        GET    -      200      200      200      200      200      200      200
lrs.about                  GET    -      200      200      200      200      200      200      200
lrs.fetch_token            POST   -      200      200      200      200      200      200      200
privacy.erase              POST   -      401      422      422      422      422      422      422
privacy.erased             GET    -      200      200      200      200      200      200      200
privacy.my_data            GET    -      303      200      200      200      200      200      200
privacy.policy             GET    -      200      200      200      200      200      200      200
privacy.take_data          POST   -      401      200      200      200      200      200      200
records.learner            GET    own    303      404      200      404      200      404      200
records.learner            GET    other  303      404      404      404      200      404      200
records.learner            GET    far    303      404      404      404      404      404      404
records.learner_file       GET    own    303      404      200      404      200      404      200
records.learner_file       GET    other  303      404      404      404      200      404      200
records.learner_file       GET    far    303      404      404      404      404      404      404
records.learner_one        GET    own    303      404      200      404      200      404      200
records.learner_one        GET    other  303      404      404      404      200      404      200
records.learner_one        GET    far    303      404      404      404      404      404      404
records.mine               GET    -      303      200      200      200      200      200      200
records.mine_file          GET    -      303      200      200      200      200      200      200
records.mine_one           GET    own    303      200      404      404      404      404      404
records.mine_one           GET    other  303      404      404      404      404      404      404
records.mine_one           GET    far    303      404      404      404      404      404      404
records.state              GET    -      303      404      404      404      404      404      404
records.statements         GET    -      303      404      404      404      404      404      404
records.statements_file    GET    -      303      404      404      404      404      404      404
records.statements_one     GET    own    303      404      404      404      404      404      404
records.statements_one     GET    other  303      404      404      404      404      404      404
records.statements_one     GET    far    303      404      404      404      404      404      404
static                     GET    -      200      200      200      200      200      200      200
"""

ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
EXPECTED = {(row[0], row[1], row[2]): dict(zip(ROLES, map(int, row[3:]), strict=True)) for row in ROWS}


@pytest.mark.parametrize("row", EXPECTED, ids=" ".join)
def test_each_role_gets_what_the_table_says(row: tuple[str, str, str], world: World) -> None:
    endpoint, method, owner = row
    path = address(world, endpoint, owner)
    answers = {role: ask(world, role, method, path) for role in ROLES}
    assert {role: answer.status_code for role, answer in answers.items()} == EXPECTED[row]
    for role, answer in answers.items():
        if answer.mimetype == "application/zip":
            continue  # a course: words, no people
        assert "Traceback" not in answer.text
        for name in NAMES.values():
            assert name not in answer.text or _may_see(role, name), f"{role} reads the name {name} at {path}"


def _may_see(role: str, name: str) -> bool:
    """Names are for their owner, and for those of the centre who check documents."""
    if role == "learner":
        return name == NAMES["own"]
    return role in ("manager", "admin") and name != NAMES["far"]


def test_the_table_knows_every_address(world: World) -> None:
    missing = []
    for endpoint, method, rule in rules(world.app):
        if rule_of(world.app.view_functions[rule.endpoint]) is credential:
            continue
        owners = ("own", "other", "far") if PERSONAL & set(rule.arguments) else ("-",)
        for owner in owners:
            if (endpoint, method, owner) not in EXPECTED:
                found = [
                    ask(world, role, method, address(world, endpoint, owner)).status_code for role in ROLES
                ]
                cells = "".join(f"{status:<9}" for status in found).rstrip()
                missing.append(f"{endpoint:27}{method:7}{owner:7}{cells}")
    assert missing == [], "look at these rows, then add them to the table:\n" + "\n".join(missing)


def test_the_table_has_no_address_that_is_gone(world: World) -> None:
    known = {(endpoint, method) for endpoint, method, _rule in rules(world.app)}
    assert {row[:2] for row in EXPECTED} <= known


def test_the_table_never_says_that_something_exists_which_is_not_for_you() -> None:
    """Beside one: colleagues read each other's courses, so they may be told that they cannot change them (403)."""
    statuses = {status for row in EXPECTED.values() for status in row.values()}
    assert statuses <= {200, 303, 401, 403, 404, 422}
    assert {key[0].split(".")[0] for key, row in EXPECTED.items() if 403 in row.values()} <= {"authoring"}
    far = [row for key, row in EXPECTED.items() if key[2] == "far" and key[0] != "certificates.verify_code"]
    assert {row[role] for row in far for role in ROLES if role != "nobody"} == {404}


def test_programs_need_a_credential_and_a_session_is_none(world: World) -> None:
    tried = 0
    for endpoint, method, rule in rules(world.app):
        if rule_of(world.app.view_functions[rule.endpoint]) is credential:
            for role in ("nobody", "learner", "admin"):
                answer = ask(world, role, method, address(world, endpoint, "-"))
                assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True), endpoint
                tried += 1
    assert tried > 0


def test_every_address_declares_a_rule(world: World) -> None:
    for _endpoint, _method, rule in rules(world.app):
        found = rule_of(world.app.view_functions[rule.endpoint])
        assert found is not None
        assert found.__doc__, "a rule says in words who may come in"


def test_a_role_that_is_taken_away_ends_with_the_next_request(world: World) -> None:
    path = address(world, "desk.cohort", "own")
    with unchanged(world.app):
        assert _as(world, "manager", path) == 200
        with world.app.app_context(), transaction() as current:
            mira = current.scalars(select(Person).where(Person.login == "mira")).one()
            current.execute(delete(Grant).where(Grant.person_id == mira.id))
        assert _as(world, "manager", path) == 404


def test_who_is_suspended_is_nobody_at_once(world: World) -> None:
    with unchanged(world.app):
        assert _as(world, "learner", "/me") == 200
        with world.app.app_context(), transaction() as current:
            amina = current.scalars(select(Person).where(Person.host_id == "cast:amina")).one()
            amina.suspended = amina.created
        assert _as(world, "learner", "/me") == 303


def test_an_admin_of_the_installation_sees_both_centres(world: World) -> None:
    with unchanged(world.app):
        with world.app.app_context(), transaction() as current:
            anton = current.scalars(select(Person).where(Person.login == "anton")).one()
            accounts.grant_role(current, anton, "admin", None)
        for owner in ("own", "other", "far"):
            assert _as(world, "admin", address(world, "desk.cohort", owner)) == 200


def test_an_admin_of_the_installation_sees_every_statement_and_an_admin_of_a_centre_none(
    world: World,
) -> None:
    paths = [address(world, f"records.{name}", "-") for name in ("statements", "statements_file", "state")]
    paths += [address(world, "records.statements_one", owner) for owner in ("own", "other", "far")]
    assert {_as(world, "admin", path) for path in paths} == {404}
    with unchanged(world.app):
        with world.app.app_context(), transaction() as current:
            anton = current.scalars(select(Person).where(Person.login == "anton")).one()
            accounts.grant_role(current, anton, "admin", None)
        assert {_as(world, "admin", path) for path in paths} == {200}


def test_a_line_of_one_learner_is_not_shown_under_the_name_of_another(world: World) -> None:
    other = world.parts["other"]
    path = f"/teach/learners/{world.parts['own']['person']}/record/{other['statement']}"
    assert _as(world, "manager", path) == 404
    assert _as(world, "learner", f"/me/record/{other['statement']}") == 404


def test_the_year_of_birth_opens_a_certificate_and_a_wrong_one_does_not(world: World) -> None:
    for endpoint in ("certificates.show", "certificates.file"):
        path = address(world, endpoint, "far")
        assert _as(world, "nobody", path + "?year=1990") == 200
        assert _as(world, "nobody", path + "?year=1991") == 404
        assert _as(world, "learner", path + "?year=1991") == 404


@pytest.mark.parametrize("code", ["0000-0000-0000", "x", "'--", "%F0%9F%99%82", "../me"])
def test_a_certificate_that_is_not_there_is_answered_like_another_persons(code: str, world: World) -> None:
    theirs = ask(world, "learner", "GET", address(world, "certificates.show", "far"))
    nothing = ask(world, "learner", "GET", f"/certificates/{code}")
    assert nothing.status_code == theirs.status_code == 404


def _as(world: World, role: str, path: str) -> int:
    client = world.app.test_client()
    client.set_cookie("hs", str(world.tokens[role]), domain="localhost")
    return client.get(path).status_code
