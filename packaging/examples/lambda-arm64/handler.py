from lxml import etree


def handler(event, context):
    root = etree.fromstring(event["body"].encode())
    return {"statusCode": 200, "body": f"{root.tag} has {len(root)} children"}
