"""Names of Ansible's widely used modules, whether or not a program can perform them.

They tell a module that is not there yet from a keyword with a typing mistake.
"""

from __future__ import annotations

_TEXT = """
add_host apt apt_key apt_repository assemble assert async_status blockinfile command copy cron deb822_repository
debconf debug dnf dnf5 dpkg_selections expect fail fetch file find gather_facts get_url getent git group group_by
hostname include include_role include_tasks include_vars import_role import_tasks import_playbook iptables
known_hosts lineinfile meta mount_facts package package_facts pause ping pip raw reboot replace rpm_key script
service service_facts set_fact set_stats setup shell slurp stat subversion systemd systemd_service sysvinit
tempfile template unarchive uri user validate_argument_spec wait_for wait_for_connection yum yum_repository
archive authorized_key firewalld synchronize sysctl mount selinux seboolean ufw npm gem htpasswd ini_file xml
alternatives locale_gen timezone modprobe make docker_container docker_image docker_network docker_compose
docker_volume postgresql_db postgresql_user mysql_db mysql_user openssl_privatekey openssl_certificate k8s helm
snap pacman apk zypper homebrew supervisorctl launchd lvg lvol filesystem parted nmcli pam_limits acl at cronvar
git_config github_release java_cert ldap_entry openssl_csr rabbitmq_user redis win_copy win_shell
win_command
"""

MODULE_NAMES = frozenset(_TEXT.split())
