echo "by $0" | sed "s,/.*/,,"
